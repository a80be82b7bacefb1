/** Ends of lines that V8 writes for a frame without a position. */
const plainEnds = ['(<anonymous>)', '(native)', '[native code]']

/**
 * Whether a line is a stack frame: `at` and a location, such as `    at run (/srv/app.js:1:2)` or `at async Promise.all
 * (index 0)`. A sentence that begins with "at" has no such location.
 */
export function isStackFrame(line: string): boolean {
  const start = line.trimStart()
  if (!start.startsWith('at ')) return false
  // `util.inspect` writes a brace behind the last frame of an error with fields.
  const text = start.endsWith(' {') ? start.slice(0, -2).trimEnd() : start.trimEnd()
  if (plainEnds.some((end) => text.endsWith(end))) return true
  const end = text.slice(-40)
  if (/\(index \d{1,10}\)$/.test(end)) return true
  if (/:\d{1,10}:\d{1,10}\)$/.test(end)) return text.includes('(')
  return (
    /:\d{1,10}:\d{1,10}$/.test(end) && (/[/\\]/.test(text) || text.includes('node:') || text.includes('<anonymous>'))
  )
}
