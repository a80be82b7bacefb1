import { LRUCache } from 'lru-cache'

import { signToken, verifyToken, type TokenClaims, type VerifiedClaims } from './execution-token.ts'

/**
 * Maximum number of tokens that are remembered. The latest ones suffice, since an execution makes its calls in a row.
 */
const maxTokens = 1_000

/** Tokens of the latest executions. The signature of each is verified once, its expiry each time. */
export class VerifiedTokens {
  readonly #secret: Uint8Array
  readonly #known = new LRUCache<string, VerifiedClaims>({ max: maxTokens })

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** Returns a new token that is valid for the given time from now, and remembers it. */
  issue(claims: TokenClaims, lifetimeMs: number): string {
    const issuedAt = Date.now()
    const verified = {
      ...claims,
      issuedAt,
      expiresAt: Math.ceil((issuedAt + lifetimeMs) / 1000) * 1000,
    }
    const token = signToken(verified, this.#secret)
    this.#known.set(token, verified)
    return token
  }

  /** Returns the claims of a token that is valid now; undefined for any other. */
  async verify(token: string): Promise<VerifiedClaims | undefined> {
    const known = this.#known.get(token)
    if (known !== undefined) return Date.now() < known.expiresAt ? known : undefined
    const claims = await verifyToken(token, this.#secret)
    if (claims !== undefined) this.#known.set(token, claims)
    return claims
  }
}
