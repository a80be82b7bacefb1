import type { Guest, TurnOutcome } from './sandbox.ts'

/** Returns a guest whose turns a function runs. */
export function fakeGuest(turn: Guest['turn'], close: Guest['close'] = () => {}): Guest {
  return {
    turn,
    async turns(deliveries, options) {
      const outcomes: TurnOutcome[] = []
      for (const delivery of deliveries) {
        const outcome = await turn(delivery, options)
        outcomes.push(outcome)
        if (outcome.type !== 'turn' || outcome.effects.end !== undefined) break
      }
      return outcomes
    },
    close,
  }
}
