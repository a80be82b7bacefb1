import type { Death } from './death.ts'
import type { PendingTurn } from './pending-turn.ts'
import type { TurnOutcome } from './sandbox.ts'

/** Reason for which the executor itself ended a process, and the turn that was on the CPU then. */
export interface Termination {
  readonly turn: { readonly options: Pick<PendingTurn['options'], 'cpuMs'> }
  readonly reason: 'timeout' | 'memory' | 'stalled' | 'abandoned'
  /** Lower bound of the CPU time in milliseconds that the turn had used. */
  readonly cpuMs: number
}

interface Circumstances {
  readonly death: Death
  /** Whether the process had reported ready. */
  readonly isReady: boolean
  /** Whether the process served a single guest. */
  readonly isSingleGuest: boolean
  /** Whether the process ran the guest runtime of another version. */
  readonly hasOtherRuntime: boolean
  /** Set if the executor ended the process. */
  readonly termination: Termination | undefined
  /** Turn that was on the CPU when the process died. */
  readonly head: Termination['turn'] | undefined
}

/**
 * Returns the outcome of the turn on the CPU when its process died, and whether the death counts as a fault of the
 * tenant's code.
 */
export function outcomeOfDeath({ death, isReady, isSingleGuest, hasOtherRuntime, termination, head }: Circumstances): {
  outcome: TurnOutcome
  isFault: boolean
} {
  if (!isReady && hasOtherRuntime && !death.fromOutside) {
    return { outcome: { type: 'unrunnable', reason: 'broken' }, isFault: false }
  }
  if (!isReady || !head) return { outcome: { type: 'lost' }, isFault: false }
  if (termination) {
    // This turn followed the one that the process was ended for.
    if (termination.turn !== head) return { outcome: { type: 'lost' }, isFault: false }
    if (termination.reason === 'stalled') return { outcome: { type: 'killed' }, isFault: false }
    if (termination.reason === 'abandoned') return { outcome: { type: 'lost' }, isFault: true }
    // The logs of the turn are lost. A turn that did not get its CPU time on a busy machine is not at fault.
    const { reason, cpuMs } = termination
    const logsDropped = { entries: 0, bytes: 0 }
    const isFault = reason === 'memory' || cpuMs >= head.options.cpuMs
    return { outcome: { type: 'stopped', reason, waitedForClock: false, cpuMs, logs: [], logsDropped }, isFault }
  }
  if (death.fromOutside) return { outcome: { type: 'killed' }, isFault: false }
  return { outcome: { type: 'crashed', outOfMemory: death.outOfMemory, wasAlone: isSingleGuest }, isFault: true }
}

const terminationTexts = {
  timeout: 'a turn could not be interrupted after its timeout',
  memory: 'a turn used more memory than its limit allows',
  stalled: 'a turn got no CPU time for too long',
  abandoned: 'the turn of a closed guest did not end within the grace period',
} as const

/** Returns the reason of a process's end as text for the log. */
export function deathText(death: Death, termination: Termination | undefined): string {
  return termination ? `ended by the executor: ${terminationTexts[termination.reason]}` : death.reason
}
