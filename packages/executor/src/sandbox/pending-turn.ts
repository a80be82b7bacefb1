import type { GuestDelivery, GuestSpec, SandboxMessage, ToolCallEffect } from './protocol.ts'
import type { TurnOptions, TurnOutcome } from './sandbox.ts'

/** A turn as it was requested. */
export interface RequestedTurn {
  readonly guest: number
  readonly limits: GuestSpec['limits']
  readonly delivery: GuestDelivery
  readonly options: TurnOptions
}

/** A turn that has not ended. */
export interface PendingTurn extends RequestedTurn {
  /** Time on the clock of `performance.now()` after which the turn's outcome is of no use any more. */
  readonly endsAt: number
  /** The timeout in milliseconds of wall time that was sent; 0 before that. */
  timeoutMs: number
  /** Takes the outcome; undefined once it is of no use any more. */
  settle: ((outcome: TurnOutcome) => void) | undefined
  sent: boolean
  /** The calls of the turn that have come already, in their own frames. */
  readonly calls: ToolCallEffect[]
  /** Length of the inputs of these calls together, in UTF-16 units. */
  callsLength: number
}

/** Returns a requested turn as one that has not been sent. */
export function pendingTurn(turn: RequestedTurn, settle: PendingTurn['settle']): PendingTurn {
  const endsAt = performance.now() + turn.options.wallMs
  return { ...turn, endsAt, timeoutMs: 0, settle, sent: false, calls: [], callsLength: 0 }
}

/** Part of wall time that is no CPU time of the thread even on an idle machine. V8's clock has to run out later than the budget. */
const marginFactor = 1.1
const marginMs = 10

/**
 * Returns the timeout for V8 in milliseconds of wall time, at least 1. On a machine where a turn takes `contention` times as
 * long as with a core for itself, the turn has used its CPU time by then. Where it has not, it is run again for longer.
 */
export function wallTimeoutMs(turn: PendingTurn, contention: number, now = performance.now()): number {
  const { cpuMs, stretch } = turn.options
  const timeoutMs = cpuMs * marginFactor * stretch * contention + marginMs
  return Math.max(1, Math.ceil(Math.min(timeoutMs, turn.endsAt - now)))
}

/**
 * Keeps calls that came ahead of their turn, in time that depends on their number only. Throws if there are more than the
 * guest's side lets through, or none at all.
 */
export function addCalls(turn: PendingTurn, more: readonly ToolCallEffect[]): void {
  const { calls, limits } = turn
  if (more.length === 0) throw new Error('a message without calls')
  if (calls.length + more.length > limits.maxToolCalls) throw new Error('more calls than are allowed')
  for (const call of more) {
    calls.push(call)
    turn.callsLength += call.input.length
  }
  if (turn.callsLength > limits.journalBytes) throw new Error('more calls than a journal holds')
}

/** The end of a turn as its process reports it. */
type TurnReport = Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }>

/** Returns the outcome of a turn from its report. */
export function reportedOutcome(message: TurnReport, { calls }: PendingTurn): TurnOutcome {
  switch (message.type) {
    case 'skipped':
      return { type: 'lost' }
    case 'turn': {
      const { cpuMs, effects } = message
      return { type: 'turn', cpuMs, effects: { ...effects, calls: [...calls, ...effects.calls] } }
    }
    case 'stopped': {
      const { reason, cpuMs, logs, logsDropped } = message
      return { type: 'stopped', reason, cpuMs, logs, logsDropped }
    }
  }
}

/** Whether it was the guest's last turn: its process then forgets the guest by itself. */
export function isLast(message: TurnReport): boolean {
  return message.type !== 'turn' || message.effects.end !== undefined
}

/** Whether the turn has left its process unfit for further guests. */
export function isAnomaly(message: TurnReport): boolean {
  if (message.type === 'skipped') return false
  return message.worn || (message.type === 'stopped' && message.reason === 'memory')
}
