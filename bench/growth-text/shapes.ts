/** Texts of any length that are likely to be slow for pattern matching, splitting and counting. */

/** Makes a text of `length` characters. */
export type Shape = (length: number) => string

const repeated = (part: string): Shape => {
  return (length) => part.repeat(Math.ceil(length / part.length)).slice(0, length)
}

/** Shapes by name. */
export const shapes: Readonly<Record<string, Shape>> = Object.fromEntries(
  Object.entries({
    letters: 'a',
    digits: '0',
    spaces: ' ',
    'new lines': '\n',
    'indented lines': '\n   ',
    slashes: '/',
    backslashes: '\\',
    'file URLs': 'file:///a',
    'stack lines': '\n    at f (file:///srv/app/a.js:1:1)',
    dots: '.',
    'names and dots': 'a.',
    extensions: '/a.js',
    colons: ':1',
    hyphens: '-',
    commas: ',',
    'quality values': 'a/b;q=0.1, ',
    quotes: '"',
    'escaped quotes': '\\"',
    apostrophes: "'",
    backticks: '`',
    fences: '```\n',
    placeholders: '${',
    'placeholders with defaults': '${A:-',
    'open brackets': '[',
    'open braces': '{',
    'nested fields': '{"a":',
    'nested arrays of strings': '["",',
    percent: '%',
    'percent signs of printf': '%s ',
    'key and value': 'a=b&',
    zero: '\0',
    emoji: '\u{1f600}',
    'lone surrogates': '\ud83d',
    'SSE data lines': 'data: x\n',
    'SSE events': 'data: {}\n\n',
    signatures: 'v1,AAAA ',
  }).map(([name, part]) => [name, repeated(part)]),
)

/** JSON texts by their predominant construct. */
export const jsonShapes: Readonly<Record<string, Shape>> = {
  'an array of numbers': (length) => arrayOf('1', length),
  'an array of empty arrays': (length) => arrayOf('[]', length),
  'an array of short texts': (length) => arrayOf('"a"', length),
  'nested arrays': (length) => '['.repeat(length / 2) + ']'.repeat(length / 2),
  'nested objects': (length) => `${'{"a":'.repeat(length / 6)}1${'}'.repeat(length / 6)}`,
  'one text': (length) => JSON.stringify('a'.repeat(length)),
  'one text of escapes': (length) => JSON.stringify('"'.repeat(length / 2)),
  'many keys': (length) => {
    const count = length / 16
    return `{${Array.from({ length: count }, (_, n) => `"key-${n}":1`).join(',')}}`
  },
}

/** Returns a JSON array of equal items that has about `length` characters. */
export function arrayOf(item: string, length: number): string {
  const count = Math.max(1, Math.floor(length / (item.length + 1)))
  return `[${Array.from({ length: count }, () => item).join(',')}]`
}
