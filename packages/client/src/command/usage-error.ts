/** Error of a command line that can't be followed. The message is one line that says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
