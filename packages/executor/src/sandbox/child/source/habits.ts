/** Habit of other languages, or of the authors of text, by what is on the line of an error. */
interface Habit {
  /** Pattern of the line up to the error, or of the whole line. */
  readonly before?: RegExp
  readonly line?: RegExp
  /** Pattern of the code from the error on. */
  readonly after?: RegExp
  readonly message?: RegExp
  readonly hint: string
}

const python = 'This looks like Python. Write the program in JavaScript or TypeScript.'

const habits: readonly Habit[] = [
  { line: /^\s*(?:async\s+)?def\s+\w/, hint: python },
  { line: /^\s*(?:while\s+[^(\s]|if\s+[^(\s]|with\s+\w|class\s+\w)[^#{}]*:$/, hint: python },
  { line: /^\s*(?:else|try|finally)\s*:/, hint: python },
  { line: /^\s*(?:except|lambda)\b/, hint: python },
  { line: /\bfor\s+\w+(?:,\s*\w+)?\s+in\b/, hint: python },
  { line: /^\s*from\s+[\w.]+\s+import\s/, hint: python },
  { line: /^\s*import\s+[\w.]+(?:\s+as\s+\w+)?$/, hint: python },
  { line: /\bprint\(\s*f["']/, hint: python },
  { line: /^\s*#(?!!)/, hint: 'A comment begins with //, or with /* and ends with */.' },
  {
    line: /&(?:lt|gt|amp|quot|#\d+);/,
    hint: 'The code has HTML entities: write the characters themselves, such as < and &.',
  },
  {
    message: /Unicode escape|'\\'$/,
    after: /^\\?n/,
    hint: 'The code has \\n outside of a string: send line breaks in its place.',
  },
  { before: /(?:^|\})\s*elif\b/, hint: 'An alternative with a condition is written else if (…).' },
  { before: /^\s*$/, after: /^=>/, hint: 'Write => on the line on which the parameters end.' },
  { before: /-$/, after: /^>/, hint: 'An arrow function is written with =>.' },
  { after: /^(?:and|or|not)\b/, hint: 'The logical operators are &&, || and !.' },
  { before: /\b(?:and|or|not)\s+$/, hint: 'The logical operators are &&, || and !.' },
  {
    before: /^\s*(?:final\s+)?(?:int|long|float|double|bool|boolean|char|string|String|auto|List<\w+>|Map<.*>)\s+$/,
    after: /^[\w$]+\s*[=;]/,
    hint: 'Declare a variable with const or let; its type may follow the name: const name: string = ….',
  },
  {
    before: /['"]$/,
    after: /^[\p{L}\p{N}]/u,
    hint: 'A quote inside a string ends it. Escape it (\\\' or \\"), or write the text between backticks.',
  },
  { before: /\byield\s+$/, hint: 'yield works only in a generator: function* name() { … }.' },
  { before: /\.\.\.\s*$/, after: /^[\])}]/, hint: 'Write out what ... stands for.' },
  {
    message: /^Unterminated string/,
    after: /^(['"])[^\n]*\n[^]*\1/,
    hint: 'A string in quotes ends on its line. Use \\n in it, or write the text between backticks.',
  },
  {
    message: /^Illegal (?:break|continue)/,
    hint: 'break and continue work only in a loop, and not in a callback: use for (const item of items) { … } instead of forEach.',
  },
]

/** Returns the hint at a habit that is likely to cause an error, by the text around it. */
export function hintAtHabit(code: string, offset: number, message: string): string | undefined {
  const start = Math.max(0, ...['\n', '\r'].map((end) => code.lastIndexOf(end, offset - 1) + 1))
  const length = code.slice(start).search(/[\n\r]/)
  const line = code
    .slice(start, length === -1 ? undefined : start + length)
    .slice(0, maxLine)
    .trimEnd()
  const before = code.slice(start, offset)
  const after = code.slice(offset, offset + maxLine)
  if (before.length > maxLine) return undefined
  return habits.find(
    (each) =>
      (each.before?.test(before) ?? true) &&
      (each.line?.test(line) ?? true) &&
      (each.after?.test(after) ?? true) &&
      (each.message === undefined ? message.startsWith('Unexpected') : each.message.test(message)),
  )?.hint
}

/** Maximum number of characters of a line that are looked at. */
const maxLine = 400

const firstWords = new Set(
  (
    'async await class const else export for function if import interface let private public return static throw type ' +
    'var while'
  ).split(' '),
)
const sentence = /^\s*(?:[-*#>]+\s+)?[\p{L}'’]+,?(?:\s+[\p{L}'’`]+[,.:;!]?){3}/u

/** Returns the hint at code that begins with words of a sentence. */
export function hintAtProse(code: string): string | undefined {
  const start = code.slice(0, maxLine)
  const [, first = ''] = /^\s*(\w+)/.exec(start) ?? []
  return !firstWords.has(first) && sentence.test(start)
    ? 'This is text and no code. Send only the program, or put it into one fenced block.'
    : undefined
}
