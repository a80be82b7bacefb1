/** Returns whether an event id is after another one: ids are positions, such as `12.3`. */
export function isLaterEvent(id: string, other: string): boolean {
  const [major = 0, minor = 0] = id.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major > otherMajor || (major === otherMajor && minor > otherMinor)
}
