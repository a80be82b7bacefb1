import { LRUCache } from 'lru-cache'

import { signToken, verifyToken, type TokenClaims, type VerifiedClaims } from './execution-token.ts'

/** An execution makes its calls in a row, so the tokens of the latest ones are those that come again. */
const maxTokens = 1_000

/** Verifies each token once, for as long as it is among the latest; whether it has expired is asked each time. */
export class VerifiedTokens {
  readonly #secret: Uint8Array
  readonly #known = new LRUCache<string, VerifiedClaims>({ max: maxTokens })

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** Makes a token that is valid for the given time from now, and is known to be. */
  issue(claims: TokenClaims, lifetimeMs: number): string {
    const verified = { ...claims, expiresAt: Math.ceil((Date.now() + lifetimeMs) / 1000) * 1000 }
    const token = signToken(verified, this.#secret)
    this.#known.set(token, verified)
    return token
  }

  /** What a token says that is valid now; undefined for any other. */
  async verify(token: string): Promise<VerifiedClaims | undefined> {
    const known = this.#known.get(token)
    if (known !== undefined) return Date.now() < known.expiresAt ? known : undefined
    const claims = await verifyToken(token, this.#secret)
    if (claims !== undefined) this.#known.set(token, claims)
    return claims
  }
}
