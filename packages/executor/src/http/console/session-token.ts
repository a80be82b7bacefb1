// Token in the console's cookie: `<key id>.<expiry>.<signature>`. The signature also covers the hash of the API key, so that
// the token is worthless once another key has the id. The token does not contain the API key.
import { createHmac, timingSafeEqual } from 'node:crypto'

import type { KnownKey } from '../../key-store.ts'

/** Token that has the right form. It is valid if {@link isSignedFor} returns true and it has not expired. */
export interface SessionToken {
  readonly keyId: string
  readonly expiresAtMs: number
  readonly content: string
  readonly signature: string
}

/** Longest text that is parsed: an id has at most 128 characters. */
const maxLength = 700

/** Creates the token of a session with a key. */
export function createSessionToken(key: KnownKey, expiresAtMs: number, secret: Buffer): string {
  const content = `${Buffer.from(key.principal.keyId).toString('base64url')}.${Math.floor(expiresAtMs / 1_000)}`
  return `${content}.${signatureOf(content, key, secret)}`
}

/** Parses the text of a cookie. Returns undefined for a text that is no token. */
export function parseSessionToken(text: string): SessionToken | undefined {
  if (text.length > maxLength) return undefined
  const parts = /^(([\w-]+)\.(\d{1,12}))\.([\w-]{43})$/.exec(text)
  if (parts === null) return undefined
  const [, content = '', id = '', seconds, signature = ''] = parts
  return {
    keyId: Buffer.from(id, 'base64url').toString(),
    expiresAtMs: Number(seconds) * 1_000,
    content,
    signature,
  }
}

/** Returns whether a token was created for this key with this secret. */
export function isSignedFor({ content, signature }: SessionToken, key: KnownKey, secret: Buffer): boolean {
  return timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(content, key, secret)))
}

function signatureOf(content: string, { sha256 }: KnownKey, secret: Buffer): string {
  return createHmac('sha256', secret)
    .update(`console session ${content} ${sha256.toString('hex')}`)
    .digest('base64url')
}
