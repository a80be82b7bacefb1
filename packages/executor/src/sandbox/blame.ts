import type { Death } from './death.ts'
import type { PendingTurn } from './pending-turn.ts'
import type { TurnOutcome } from './sandbox.ts'

/** Why the executor itself ended a process: because of the turn that was on the CPU then. */
export interface Ended {
  readonly turn: Pick<PendingTurn, 'timeoutMs'>
  readonly reason: 'timeout' | 'memory' | 'stalled' | 'abandoned'
}

interface Circumstances {
  readonly death: Death
  /** Whether the process had ever reported. */
  readonly isReady: boolean
  /** Whether it served a single guest. */
  readonly isAlone: boolean
  /** Set if the executor ended it. */
  readonly ended: Ended | undefined
  /** The turn that was on the CPU when it died. */
  readonly head: Ended['turn'] | undefined
}

/** What the turn on the CPU came to when its process died, and whether its tenant has cost a process by it. */
export function blame({ death, isReady, isAlone, ended, head }: Circumstances): {
  outcome: TurnOutcome
  isMisdeed: boolean
} {
  if (!isReady || !head) return { outcome: { type: 'lost' }, isMisdeed: false }
  if (ended) {
    // It took the place of the turn that the process was ended for.
    if (ended.turn !== head) return { outcome: { type: 'lost' }, isMisdeed: false }
    if (ended.reason === 'stalled') return { outcome: { type: 'killed' }, isMisdeed: false }
    if (ended.reason === 'abandoned') return { outcome: { type: 'lost' }, isMisdeed: true }
    // It has used up what it had; what it logged is lost.
    const logsDropped = { entries: 0, bytes: 0 }
    const used = { reason: ended.reason, cpuMs: head.timeoutMs }
    return { outcome: { type: 'stopped', ...used, logs: [], logsDropped }, isMisdeed: true }
  }
  if (death.fromOutside) return { outcome: { type: 'killed' }, isMisdeed: false }
  return { outcome: { type: 'crashed', outOfMemory: death.outOfMemory, wasAlone: isAlone }, isMisdeed: true }
}
