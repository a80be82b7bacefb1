import { LRUCache } from 'lru-cache'
import { Webhook } from 'standardwebhooks'

import { verifyToken, type VerifiedClaims } from './execution-token.ts'

/** An execution makes its calls in a row, so the tokens of the latest ones are those that come again. */
const maxTokens = 1_000

/** A token that has been found valid, with what checks the signatures that are made with it. */
export interface VerifiedToken extends VerifiedClaims {
  readonly webhook: Webhook
}

/** Verifies each token once, for as long as it is among the latest; whether it has expired is asked each time. */
export class VerifiedTokens {
  readonly #secret: Uint8Array
  readonly #known = new LRUCache<string, VerifiedToken>({ max: maxTokens })

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** What a token says that is valid now; undefined for any other. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const known = this.#known.get(token)
    if (known !== undefined) return Date.now() < known.expiresAt ? known : undefined
    const claims = await verifyToken(token, this.#secret)
    if (claims === undefined) return undefined
    const verified = { ...claims, webhook: new Webhook(token, { format: 'raw' }) }
    this.#known.set(token, verified)
    return verified
  }
}
