/** Returns the text form, in UTC, of a time in milliseconds since the epoch. */
export function timestamp(at: number): string {
  return new Date(at).toISOString()
}
