/**
 * The JSON text of an object with one more field, whose value is JSON text already. The value is neither parsed nor written
 * again: it stays byte for byte, however deeply it is nested.
 */
export function withJsonField(object: object, name: string, json: string): string {
  const text = JSON.stringify(object)
  const before = text === '{}' ? '{' : `${text.slice(0, -1)},`
  return `${before}${JSON.stringify(name)}:${json}}`
}
