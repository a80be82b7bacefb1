/** Ends of the lines that V8 writes for a frame without a position. */
const plainEnds = ['(<anonymous>)', '(native)', '[native code]']

/** Digits and colons alone are a time or numbers, as in `at 10:30:15`, and no position in a file. */
const numbersOnly = /(?:^|[\s(T])\d{1,4}:\d{1,10}:\d{1,10}\)?$/

/**
 * Whether a line is a frame of a stack: `at` and a place, such as `    at run (/srv/app.js:1:2)` or `at async Promise.all
 * (index 0)`. A sentence that begins with "at" has no such place.
 */
export function isStackFrame(line: string): boolean {
  const start = line.trimStart()
  if (!start.startsWith('at ')) return false
  // The inspected error has a brace behind its last frame.
  const text = start.endsWith(' {') ? start.slice(0, -2).trimEnd() : start.trimEnd()
  if (plainEnds.some((end) => text.endsWith(end))) return true
  const end = text.slice(-40)
  if (numbersOnly.test(end)) return false
  if (/\(index \d{1,10}\)$/.test(end)) return true
  if (/:\d{1,10}:\d{1,10}\)$/.test(end)) return text.includes('(')
  return (
    /:\d{1,10}:\d{1,10}$/.test(end) && (/[/\\]/.test(text) || text.includes('node:') || text.includes('<anonymous>'))
  )
}
