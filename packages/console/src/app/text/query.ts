/** Values of a query by their names; those that are undefined or empty are left out. */
export type QueryValues = Readonly<Record<string, string | number | undefined>>

/** Returns a query string with its question mark; an empty text if no member has a value. */
export function queryOf(values: QueryValues): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  if (pairs.length === 0) return ''
  return `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}`
}
