/** Words with which no docstring begins: it begins with a verb or a noun phrase and can be read alone (CONTRIBUTING.md). */
const refused = ['What', 'Who', 'Whose', 'Whom', 'How', 'So', 'And', 'But', 'Or', 'Because']
const opening = new RegExp(String.raw`^[ \t]*/\*\*\s*(?:\*\s*)?(${refused.join('|')})\b`, 'gmi')

/** Returns the docstrings of a source that begin with a refused word, as `path(line): …`. */
export function refusedDocstrings(path: string, source: string): string[] {
  return [...source.matchAll(opening)].map((match) => {
    const line = source.slice(0, match.index + match[0].length).split('\n').length
    return `${path}(${line}): the docstring begins with "${match[1]}"; begin with a verb or a noun phrase`
  })
}
