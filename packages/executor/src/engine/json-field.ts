/**
 * JSON text and how many bytes it takes in UTF-8. What is put together of texts stays that for V8 until somebody reads it;
 * to count its bytes, V8 would first write it out.
 */
export interface JsonText {
  readonly text: string
  readonly sizeBytes: number
}

/** A text with its size. */
export function jsonText(text: string): JsonText {
  return { text, sizeBytes: Buffer.byteLength(text) }
}

/**
 * The JSON text of an object with one more field, whose value is JSON text already. The value is neither parsed nor written
 * again: it stays byte for byte, however deeply it is nested.
 */
export function withJsonField(object: object, name: string, json: JsonText): JsonText {
  const text = JSON.stringify(object)
  const before = jsonText(`${text === '{}' ? '{' : `${text.slice(0, -1)},`}${JSON.stringify(name)}:`)
  return { text: `${before.text}${json.text}}`, sizeBytes: before.sizeBytes + json.sizeBytes + 1 }
}
