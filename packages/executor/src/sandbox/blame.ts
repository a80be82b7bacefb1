import type { Death } from './death.ts'
import type { TurnOutcome } from './sandbox.ts'

/** Why the executor itself ends a process while a turn is on the CPU. */
export type EndReason = 'timeout' | 'memory' | 'stalled' | 'abandoned'

interface Circumstances {
  readonly death: Death
  /** Whether the process had ever reported. */
  readonly isReady: boolean
  /** Whether it served a single guest. */
  readonly isAlone: boolean
  /** Why the executor ended it because of the turn that was on the CPU when it died, if it did. */
  readonly endedFor: EndReason | undefined
  /** The timeout of that turn. */
  readonly timeoutMs: number
}

/** What the turn on the CPU came to when its process died, and whether its tenant has cost a process by it. */
export function blame({ death, isReady, isAlone, endedFor, timeoutMs }: Circumstances): {
  outcome: TurnOutcome
  isMisdeed: boolean
} {
  if (!isReady) return { outcome: { type: 'lost' }, isMisdeed: false }
  if (endedFor === 'stalled') return { outcome: { type: 'killed' }, isMisdeed: false }
  if (endedFor === 'abandoned') return { outcome: { type: 'lost' }, isMisdeed: true }
  if (endedFor !== undefined) {
    // It has used up what it had; what it logged is lost.
    const logsDropped = { entries: 0, bytes: 0 }
    return { outcome: { type: 'stopped', reason: endedFor, cpuMs: timeoutMs, logs: [], logsDropped }, isMisdeed: true }
  }
  if (death.fromOutside) return { outcome: { type: 'killed' }, isMisdeed: false }
  return { outcome: { type: 'crashed', outOfMemory: death.outOfMemory, wasAlone: isAlone }, isMisdeed: true }
}
