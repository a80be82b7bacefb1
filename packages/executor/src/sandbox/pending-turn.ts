import { mayBeFollowed, type TurnReport } from './last-turn.ts'
import type { GuestDelivery, GuestSpec, ToolCallEffect } from './protocol.ts'
import type { TurnOptions, TurnOutcome } from './sandbox.ts'

/** Turn as it was requested. */
export interface RequestedTurn {
  readonly guest: number
  readonly limits: GuestSpec['limits']
  readonly delivery: GuestDelivery
  readonly options: TurnOptions
}

/** Turn that has not ended. */
export interface PendingTurn extends RequestedTurn {
  /** Time on the clock of `performance.now()` after which the turn's outcome is no longer needed. */
  readonly endsAt: number
  /** Timeout in milliseconds of wall time that was sent; 0 before that. */
  timeoutMs: number
  /** Callback for the outcome; undefined once it is no longer needed. */
  settle: ((outcome: TurnOutcome) => void) | undefined
  sent: boolean
  /** Calls of the turn that arrived ahead of its report, in frames of their own. */
  readonly calls: ToolCallEffect[]
  /** Length of the inputs of these calls together, in UTF-16 units. */
  callsLength: number
}

/** Returns a requested turn as one that has not been sent. */
export function pendingTurn(turn: RequestedTurn, settle: PendingTurn['settle']): PendingTurn {
  const endsAt = performance.now() + turn.options.wallMs
  return { ...turn, endsAt, timeoutMs: 0, settle, sent: false, calls: [], callsLength: 0 }
}

/**
 * Factor by which V8's timeout exceeds the CPU time of a turn: even on an idle machine some wall time is no CPU time of
 * the thread, and the CPU time must run out first.
 */
const marginFactor = 1.1
/** Milliseconds by which V8's timeout exceeds the CPU time of a turn, in addition to `marginFactor`. */
const marginMs = 10

/**
 * Returns the timeout for V8 in milliseconds of wall time, at least 1. On a machine where a turn takes `contention`
 * times as long as on a core of its own, the turn has used its CPU time by then. A turn that has not is run again for
 * longer.
 */
export function wallTimeoutMs(turn: PendingTurn, contention: number, now = performance.now()): number {
  const { cpuMs, expectedSlowdown } = turn.options
  const timeoutMs = cpuMs * marginFactor * expectedSlowdown * contention + marginMs
  return Math.max(1, Math.ceil(Math.min(timeoutMs, turn.endsAt - now)))
}

/**
 * Adds calls that arrived ahead of their turn's report, in time linear in their number. Throws if there are more than
 * the guest's side lets through, or none at all.
 */
export function addCalls(turn: PendingTurn, more: readonly ToolCallEffect[]): void {
  const { calls, limits } = turn
  if (more.length === 0) throw new Error('a message of type "calls" contains no calls')
  const count = calls.length + more.length
  if (count > limits.maxToolCalls) {
    throw new Error(`the turn makes ${count} tool calls; the limit is ${limits.maxToolCalls} (maxToolCalls)`)
  }
  for (const call of more) {
    calls.push(call)
    turn.callsLength += call.input.length
  }
  if (turn.callsLength > limits.journalBytes) {
    throw new Error(
      `the inputs of the turn's calls have ${turn.callsLength} characters; the limit is ${limits.journalBytes} (journalBytes)`,
    )
  }
}

/**
 * Returns the turn that the guest has begun after a reported one, for the next delivery of its message. Throws if there is
 * none, or if the reported turn may not be followed.
 */
export function followingTurn(turn: PendingTurn, report: TurnReport, settle: PendingTurn['settle']): PendingTurn {
  const [delivery, ...ahead] = turn.options.ahead ?? []
  if (delivery === undefined) throw new Error('the guest has begun more turns than were requested')
  if (!mayBeFollowed(report) || turn.calls.length > 0) {
    throw new Error('the guest has begun a turn after one with an end or with calls')
  }
  return { ...turn, delivery, options: { ...turn.options, ahead }, settle, calls: [] }
}

/** Returns the outcome of a turn from its report; `next` is that of the turn that the guest has begun after it. */
export function reportedOutcome(message: TurnReport, { calls }: PendingTurn, next?: Promise<TurnOutcome>): TurnOutcome {
  switch (message.type) {
    case 'skipped':
      return { type: 'lost', ...(message.needsOwnIsolate && { needsOwnIsolate: true }) }
    case 'turn': {
      const { cpuMs, effects, variables } = message
      const all = { ...effects, calls: [...calls, ...effects.calls] }
      return { type: 'turn', cpuMs, effects: all, ...(variables && { variables }), ...(next && { next }) }
    }
    case 'stopped': {
      const { reason, waitedForClock, cpuMs, logs, logsDropped, warnings } = message
      return { type: 'stopped', reason, waitedForClock, cpuMs, logs, logsDropped, ...(warnings && { warnings }) }
    }
  }
}

/** Returns whether the turn has left its process unfit for further guests. */
export function leavesProcessUnfit(message: TurnReport): boolean {
  if (message.type === 'skipped') return message.unfitForNewGuests === true
  return message.unfitForNewGuests || (message.type === 'stopped' && message.reason === 'memory')
}
