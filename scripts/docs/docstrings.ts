/** Words with which no docstring begins: it begins with a verb or a noun phrase and can be read alone (CONTRIBUTING.md). */
const refused = ['What', 'Who', 'Whose', 'Whom', 'How', 'So', 'And', 'But', 'Or', 'Because']
const opening = new RegExp(String.raw`^[ \t]*/\*\*\s*(?:\*\s*)?(${refused.join('|')})\b`, 'gmi')

/** Docstring of a function that begins with "Whether", as only one of a boolean does. */
const whether = /\/\*\*\s*(?:\*\s*)?(Whether)\b(?:(?!\*\/)[^])*\*\/\s*(?:export |async )*function\b/g

/** Returns the docstrings of a source that begin with a refused word, as `path(line): …`. */
export function refusedDocstrings(path: string, source: string): string[] {
  return [...source.matchAll(opening), ...source.matchAll(whether)].map((match) => {
    const line = source.slice(0, match.index + match[0].indexOf(match[1]!)).split('\n').length
    return `${path}(${line}): the docstring begins with "${match[1]}"; begin with a verb or a noun phrase`
  })
}
