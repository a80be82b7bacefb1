/**
 * JSON text and its size in UTF-8 bytes. V8 keeps concatenated text as a rope until it is read, and would flatten it to
 * count its bytes; so the size is added up from the parts.
 */
export interface JsonText {
  readonly text: string
  readonly sizeBytes: number
}

/** Returns a text with its size. */
export function jsonText(text: string): JsonText {
  return { text, sizeBytes: Buffer.byteLength(text) }
}

/**
 * Returns the JSON text of an object with one more field, whose value is JSON text already. The value is neither parsed
 * nor serialised again: it stays the same byte for byte, however deeply it is nested.
 */
export function withJsonField(object: object, name: string, json: JsonText): JsonText {
  const text = JSON.stringify(object)
  const before = jsonText(`${text === '{}' ? '{' : `${text.slice(0, -1)},`}${JSON.stringify(name)}:`)
  return { text: `${before.text}${json.text}}`, sizeBytes: before.sizeBytes + json.sizeBytes + 1 }
}
