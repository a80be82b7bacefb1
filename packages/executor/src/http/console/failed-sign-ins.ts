import { RequestError } from '@codemode/shared'

import type { HttpContext } from '../http-context.ts'

/** Maximum number of failed attempts from one address in one window. */
const maxFailures = 20
const windowMs = 60_000
/** Maximum number of addresses that are counted in one window. */
const maxAddresses = 10_000

/** Count of the failed attempts to sign in, by the address of the connection, in windows of a minute. */
export class FailedSignIns {
  readonly #now: () => number
  readonly #counts = new Map<string, number>()
  #endsAt = -Infinity

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws `RequestError` RATE_LIMITED if too many attempts from the address of the request have failed. */
  check(c: HttpContext): void {
    const leftMs = this.#endsAt - this.#now()
    if (leftMs <= 0 || (this.#counts.get(addressOf(c)) ?? 0) < maxFailures) return
    throw new RequestError('RATE_LIMITED', `${maxFailures} attempts to sign in from this address have failed.`, {
      details: { limit: maxFailures },
      retryAfterSeconds: Math.ceil(leftMs / 1_000),
      suggestion: 'Wait a minute.',
    })
  }

  /** Counts a failed attempt. */
  add(c: HttpContext): void {
    if (this.#endsAt <= this.#now()) {
      this.#counts.clear()
      this.#endsAt = this.#now() + windowMs
    }
    const address = addressOf(c)
    const count = this.#counts.get(address)
    if (count !== undefined || this.#counts.size < maxAddresses) this.#counts.set(address, (count ?? 0) + 1)
  }
}

/** Returns the address of the connection, which may be that of a proxy: headers that name another one can be forged. */
function addressOf(c: HttpContext): string {
  return c.env?.incoming?.socket.remoteAddress ?? ''
}
