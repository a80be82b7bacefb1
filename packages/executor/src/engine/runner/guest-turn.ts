import type { ExecutionFailure, TurnEffects } from '@codemode/shared'

import type { TurnOutcome } from '../../sandbox/sandbox.ts'

/** Outcome of a turn after lost guests were restored by replay. */
export type GuestTurn =
  | {
      readonly type: 'turn'
      readonly cpuMs: number
      readonly effects: TurnEffects
      /** True if the guest has begun its next turn, for the first of the answers that were sent ahead. */
      readonly isFollowed: boolean
    }
  | Extract<TurnOutcome, { type: 'stopped' }>
  | { readonly type: 'failed'; readonly error: Pick<ExecutionFailure, 'code' | 'message' | 'details'> }
  /** `close` was called before the turn ended. */
  | { readonly type: 'closed' }

/** Returns the outcome of a guest whose runtime this node can't run. */
export function withoutRuntime(hash: string, problem: string): GuestTurn {
  const message = `The guest runtime ${hash} that wrote the journal ${problem}`
  return { type: 'failed', error: { code: 'RUNTIME_UNAVAILABLE', message } }
}

/** Returns the outcome of a guest whose process ran out of memory. */
export function exceededMemory(): GuestTurn {
  const logsDropped = { entries: 0, bytes: 0 }
  return { type: 'stopped', reason: 'memory', waitedForClock: false, cpuMs: 0, logs: [], logsDropped }
}

export const crashedAlone = 'The sandbox process crashed while it ran only this code'

export function killedTooOften(maxKills: number): string {
  return `The sandbox process was killed more than ${maxKills} times in a row while it ran the code`
}

/** Returns the outcome of a guest that has ended its process. */
export function crashed(message: string): GuestTurn {
  return { type: 'failed', error: { code: 'SANDBOX_CRASHED', message } }
}
