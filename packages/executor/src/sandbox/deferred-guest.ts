import type { RuntimeText } from './runtime-source.ts'
import type { Guest, TurnOutcome } from './sandbox.ts'

/**
 * Returns a guest that is placed with its first turn, once its runtime has been found. The turns of a guest without a
 * runtime are reported as `unrunnable`, and as `lost` while it is not known whether there is one.
 */
export function deferredGuest(
  finding: Promise<RuntimeText | undefined>,
  place: (runtime: RuntimeText) => Guest,
): Guest {
  let guest: Guest | undefined
  let isClosed = false
  // Each turn awaits it; before the first turn, nothing does.
  const found = finding.then(
    (runtime): TurnOutcome | RuntimeText => runtime ?? { type: 'unrunnable', reason: 'missing' },
    (): TurnOutcome => ({ type: 'lost' }),
  )
  return {
    async turn(delivery, options) {
      const runtime = await found
      if (isClosed) return { type: 'lost' }
      if ('type' in runtime) return runtime
      guest ??= place(runtime)
      return guest.turn(delivery, options)
    },
    get evictedAt() {
      return guest?.evictedAt
    },
    close() {
      isClosed = true
      guest?.close()
    },
  }
}
