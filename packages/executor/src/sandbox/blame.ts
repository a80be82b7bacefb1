import type { Death } from './death.ts'
import type { PendingTurn } from './pending-turn.ts'
import type { TurnOutcome } from './sandbox.ts'

/** Reason for which the executor itself ended a process, and the turn that was on the CPU then. */
export interface Ended {
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
  readonly isAlone: boolean
  /** Set if the executor ended the process. */
  readonly ended: Ended | undefined
  /** Turn that was on the CPU when the process died. */
  readonly head: Ended['turn'] | undefined
}

/** Returns the outcome of the turn on the CPU when its process died, and whether the tenant's penalties count it. */
export function blame({ death, isReady, isAlone, ended, head }: Circumstances): {
  outcome: TurnOutcome
  isMisdeed: boolean
} {
  if (!isReady || !head) return { outcome: { type: 'lost' }, isMisdeed: false }
  if (ended) {
    // This turn followed the one that the process was ended for.
    if (ended.turn !== head) return { outcome: { type: 'lost' }, isMisdeed: false }
    if (ended.reason === 'stalled') return { outcome: { type: 'killed' }, isMisdeed: false }
    if (ended.reason === 'abandoned') return { outcome: { type: 'lost' }, isMisdeed: true }
    // The logs of the turn are lost. A turn that did not get its CPU time on a busy machine is not at fault.
    const { reason, cpuMs } = ended
    const logsDropped = { entries: 0, bytes: 0 }
    const isMisdeed = reason === 'memory' || cpuMs >= head.options.cpuMs
    return { outcome: { type: 'stopped', reason, cpuMs, logs: [], logsDropped }, isMisdeed }
  }
  if (death.fromOutside) return { outcome: { type: 'killed' }, isMisdeed: false }
  return { outcome: { type: 'crashed', outOfMemory: death.outOfMemory, wasAlone: isAlone }, isMisdeed: true }
}
