// Encryption of payloads by AES-256-GCM. What is authenticated with a payload is its place, so that the database cannot
// pass one row's payload off as that of another row.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, type KeyObject } from 'node:crypto'

import type { EncryptionKey } from '../../encryption-keys.ts'

/** Place of a payload: the execution or session, the column, and the position in a table with several rows of an execution. */
export interface PayloadPlace {
  readonly tenant: string
  readonly id: string
  readonly kind:
    | 'header'
    | 'callback'
    | 'notify'
    | 'error'
    | 'entry'
    | 'message'
    | 'approval'
    | 'decision'
    | 'notification'
    | 'session'
    | 'variables'
  /** Position of an entry in the journal, number of a message, number of the call of an approval, or id of a notification. */
  readonly position?: number | string
}

/** Failure to decrypt a payload. It lasts until an operator does something; the message says what, and holds no secret. */
export class UnreadablePayload extends Error {
  override readonly name = 'UnreadablePayload'
  /** Id of the key with which the payload was encrypted. */
  readonly keyId: string

  constructor(keyId: string, message: string) {
    super(message)
    this.keyId = keyId
  }
}

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
/** First letters of an encrypted payload. A payload in clear text is a JSON object, which begins with a brace. */
const mark = 'aes:'

/** Returns whether a stored text is encrypted. */
export function isEncrypted(stored: string): boolean {
  return stored.startsWith(mark)
}

/** Encrypts a text with a key: `aes:<key id>:<nonce, ciphertext and tag in base64>`. */
export function encrypt({ id, key }: EncryptionKey, text: string, place: PayloadPlace): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, keyOfExecution(key, place), nonce)
  cipher.setAAD(authenticated(place))
  const bytes = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${mark}${id}:${bytes.toString('base64')}`
}

/** Returns the text of an encrypted one. Throws `UnreadablePayload`. */
export function decrypt(keys: readonly EncryptionKey[], stored: string, place: PayloadPlace): string {
  const idEnd = stored.indexOf(':', mark.length)
  const keyId = stored.slice(mark.length, idEnd)
  const known = keys.find(({ id }) => id === keyId)
  if (known === undefined) {
    throw new UnreadablePayload(
      keyId,
      `The key "${keyId}", with which stored executions are encrypted, is not configured. Add it to CODEMODE_ENCRYPTION_KEYS again, after the first key.`,
    )
  }
  const bytes = Buffer.from(stored.slice(idEnd + 1), 'base64')
  const end = bytes.length - tagBytes
  try {
    const nonce = bytes.subarray(0, nonceBytes)
    const decipher = createDecipheriv(algorithm, keyOfExecution(known.key, place), nonce, { authTagLength: tagBytes })
    decipher.setAAD(authenticated(place))
    decipher.setAuthTag(bytes.subarray(end))
    return decipher.update(bytes.subarray(nonceBytes, end), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    throw new UnreadablePayload(
      keyId,
      `The ${place.kind} of the execution ${place.id} cannot be decrypted with the key "${keyId}". The key has another value than before, or the row was changed in the database.`,
    )
  }
}

/**
 * Derives the key of one execution. Nonces are random, and with one key for all executions so many of them would be made
 * that two could be equal.
 */
function keyOfExecution(key: KeyObject, { tenant, id }: PayloadPlace): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([tenant, id]))
    .digest()
}

function authenticated({ tenant, id, kind, position = 0 }: PayloadPlace): Buffer {
  return Buffer.from(JSON.stringify([tenant, id, kind, position]))
}
