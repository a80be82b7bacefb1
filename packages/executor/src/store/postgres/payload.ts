// Texts in the database.
import { RequestError } from '@codemode/shared'

import type { EncryptionKey } from '../../encryption-keys.ts'
import { decrypt, encrypt, isEncrypted, UnreadablePayload, type PayloadPlace } from './payload-cipher.ts'

/** Milliseconds after which a failure to decrypt with the same key is reported again. */
const reportIntervalMs = 60_000

interface PayloadsOptions {
  /** Keys of the configuration. The first one encrypts; without one, payloads are stored in clear text. */
  readonly keys: readonly EncryptionKey[]
  /** Called with the first failure to decrypt with a key, and with further ones after a minute. */
  readonly onUnreadable: (error: UnreadablePayload) => void
}

/** Conversion of code, inputs, entries, errors and callbacks to the texts that are stored, and back. */
export class Payloads {
  readonly #options: PayloadsOptions
  readonly #reportedAt = new Map<string, number>()

  constructor(options: PayloadsOptions) {
    this.#options = options
  }

  /**
   * Returns the text that is stored for a value: JSON, which is encrypted if there is a key. In JSON a NUL character and an
   * unpaired surrogate are escaped: PostgreSQL refuses the first, and UTF-8 has no bytes for the second.
   */
  encode(value: object, place: PayloadPlace): string {
    const text = JSON.stringify(value)
    const [key] = this.#options.keys
    return key === undefined ? text : encrypt(key, text, place)
  }

  /**
   * Returns the value of a stored text, which may be in clear text from the time before there was a key. Throws
   * STORE_UNAVAILABLE if it cannot be decrypted.
   */
  decode(stored: string, place: PayloadPlace): unknown {
    if (!isEncrypted(stored)) return JSON.parse(stored)
    try {
      return JSON.parse(decrypt(this.#options.keys, stored, place))
    } catch (cause) {
      if (!(cause instanceof UnreadablePayload)) throw cause
      this.#report(cause)
      throw new RequestError('STORE_UNAVAILABLE', 'The execution is stored encrypted, and cannot be decrypted now.', {
        suggestion: 'The operator has to correct CODEMODE_ENCRYPTION_KEYS of the executor, whose log names the key.',
        retryable: false,
        cause,
      })
    }
  }

  /** Returns the value of a stored text; undefined if it cannot be decrypted, which is reported. */
  decodeIfReadable(stored: string, place: PayloadPlace): unknown {
    try {
      return this.decode(stored, place)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return undefined
    }
  }

  #report(error: UnreadablePayload): void {
    const now = performance.now()
    if (now - (this.#reportedAt.get(error.keyId) ?? -Infinity) < reportIntervalMs) return
    this.#reportedAt.set(error.keyId, now)
    this.#options.onUnreadable(error)
  }
}

/** Returns whether an operation failed because a payload could not be decrypted. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof RequestError && error.cause instanceof UnreadablePayload
}

/** Returns a text as it is stored in a column that is compared: escaped as in JSON, hence equal if the texts are equal. */
export function encodeText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Returns a label as it is stored. */
export function encodeLabel(label: string | undefined): string | null {
  return label === undefined ? null : encodeText(label)
}

/** Returns the text of `encodeText`. */
export function decodeText(stored: string): string {
  return JSON.parse(`"${stored}"`) as string
}
