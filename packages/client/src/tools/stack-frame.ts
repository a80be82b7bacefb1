/** Ends of the lines that V8 writes for a frame without a position, without the last bracket. */
const plainEnds = ['(<anonymous>', '(native', '[native code']

/** Characters that may follow a frame: its own bracket, and what `util.inspect` writes behind the last frame of an error. */
const closers = ' \t\r,{}])'

/** Digits and colons alone are a time or numbers, as in `at 10:30:15`, and no position in a file. */
const numbersOnly = /(?:^|[\s(T])\d{1,4}:\d{1,10}:\d{1,10}\)?$/

/**
 * Returns whether a line is a stack frame: `at` and a location, such as `    at run (/srv/app.js:1:2)` or `at async
 * Promise.all (index 0)`. A sentence that begins with "at" has no such location.
 */
export function isStackFrame(line: string): boolean {
  const start = line.trimStart()
  if (!start.startsWith('at ')) return false
  let length = start.length
  while (length > 0 && closers.includes(start[length - 1]!)) length -= 1
  const text = start.slice(0, length)
  if (plainEnds.some((end) => text.endsWith(end))) return true
  const end = text.slice(-40)
  if (numbersOnly.test(end)) return false
  if (/\(index \d{1,10}$/.test(end)) return true
  if (!/:\d{1,10}:\d{1,10}$/.test(end)) return false
  const isInBrackets = start[length] === ')' && text.includes('(')
  return isInBrackets || /[/\\]/.test(text) || text.includes('node:') || text.includes('<anonymous>')
}
