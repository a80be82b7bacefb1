import { createSecretKey, type KeyObject } from 'node:crypto'

/** Key that encrypts payloads of the store. */
export interface EncryptionKey {
  /** Name of the key, which is stored with everything that it has encrypted. */
  readonly id: string
  readonly key: KeyObject
}

const keyBytes = 32

/**
 * Returns the keys of a list of texts `id:key`, whose first one encrypts. Throws an `Error` whose message names the problem
 * and holds nothing of a key.
 */
export function parseEncryptionKeys(texts: readonly string[]): EncryptionKey[] {
  const keys = texts.map(parseKey)
  const ids = keys.map(({ id }) => id)
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated !== undefined) throw new Error(`two keys have the id "${repeated}"`)
  return keys
}

function parseKey(text: string, index: number): EncryptionKey {
  const [id = '', encoded, ...more] = text.split(':')
  const which = `key ${index + 1} of the list`
  if (encoded === undefined || more.length > 0) throw new Error(`${which} is not an id, a colon and a key`)
  // A text without a valid id may be the key itself, so it is not repeated.
  if (!/^[\w.-]{1,32}$/.test(id)) {
    throw new Error(`the id of ${which} is not 1 to 32 letters, digits, ".", "_" and "-"`)
  }
  const bytes = Buffer.from(encoded, 'base64')
  // Decoding skips what is not base64. Padding may be left out.
  if (bytes.toString('base64').replaceAll('=', '') !== encoded.replaceAll('=', '')) {
    throw new Error(`${which} is not base64`)
  }
  if (bytes.length !== keyBytes) {
    const hint = /^[0-9a-f]{64}$/i.test(encoded) ? '; it looks hexadecimal, so use base64' : ''
    throw new Error(`${which} has ${bytes.length} bytes instead of ${keyBytes}${hint}`)
  }
  return { id, key: createSecretKey(bytes) }
}
