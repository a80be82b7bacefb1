import { LRUCache } from 'lru-cache'

import { signatureToleranceMs } from './webhook-signature.ts'

const maxCalls = 10_000
/**
 * Milliseconds for which a cancellation is remembered. A call is signed before its cancellation. When the executor's
 * clock is ahead by the whole tolerance, a delivery of the call is accepted for twice the tolerance from then on, and
 * not longer.
 */
const keptMs = 2 * signatureToleranceMs

/** Ids of recently cancelled calls: a delivery that arrives after the cancellation must not run the handler. */
export class CancelledCalls {
  readonly #ids = new LRUCache<string, true>({
    max: maxCalls,
    ttl: keptMs,
    ttlResolution: 0,
    perf: { now: () => Date.now() },
  })

  add(callId: string): void {
    this.#ids.set(callId, true)
  }

  has(callId: string): boolean {
    return this.#ids.has(callId)
  }
}
