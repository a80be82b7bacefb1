import type { JournalHeader } from '@codemode/shared'

import type { Placement, Sandbox, TurnOptions, TurnOutcome } from './sandbox.ts'

/** Code of a step, and where and for how long to check it. */
interface SourceCheck {
  readonly code: string
  readonly limits: JournalHeader['limits']
  readonly placement: Placement
  readonly options: TurnOptions
}

/** Outcome of a check. What is neither accepted nor refused is the outcome of a turn that has not ended. */
export type CheckOutcome =
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly error: RefusedEnd }
  | Exclude<TurnOutcome, { type: 'turn' }>

type End = NonNullable<Extract<TurnOutcome, { type: 'turn' }>['effects']['end']>
/** Syntax error of the code, as an execution of it would end. */
type RefusedEnd = Extract<End, { ok: false }>

/**
 * Checks the syntax of a step's code in a sandbox process, without running it. Whether the step can declare its variables
 * is known only when it starts.
 */
export async function checkSource(
  sandbox: Pick<Sandbox, 'placeGuest'>,
  { code, limits, placement, options }: SourceCheck,
): Promise<CheckOutcome> {
  const guest = sandbox.placeGuest({ kind: 'check', code, limits }, placement)
  const outcome = await guest.turn({ kind: 'start', at: 0 }, options)
  if (outcome.type !== 'turn') return outcome
  const { end } = outcome.effects
  return end?.ok === false ? { type: 'refused', error: end } : { type: 'accepted' }
}
