// Texts in the database. All payloads pass these functions, which is the place to encrypt them.

/**
 * Returns the text that is stored for a value. It is JSON, in which a NUL character and an unpaired surrogate are
 * escaped: PostgreSQL refuses the first, and UTF-8 has no bytes for the second.
 */
export function encodePayload(value: object): string {
  return JSON.stringify(value)
}

/** Returns the value of a stored text. */
export function decodePayload(text: string): unknown {
  return JSON.parse(text)
}

/** Returns a text as it is stored in a column that is compared: escaped as in JSON, hence equal if the texts are equal. */
export function encodeText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Returns the text of `encodeText`. */
export function decodeText(stored: string): string {
  return JSON.parse(`"${stored}"`) as string
}
