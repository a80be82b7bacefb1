import type { GuestDelivery, GuestSpec, SandboxMessage, ToolCallEffect } from './protocol.ts'
import type { TurnOptions, TurnOutcome } from './sandbox.ts'

/** A turn as it is asked for. */
export interface RequestedTurn {
  readonly guest: number
  readonly limits: GuestSpec['limits']
  readonly delivery: GuestDelivery
  readonly options: TurnOptions
}

/** One that has not ended. */
export interface PendingTurn extends RequestedTurn {
  /** The timeout as it was sent: V8 measures it by the wall clock. */
  timeoutMs: number
  /** Undefined once the turn's outcome is of no more interest. */
  settle: ((outcome: TurnOutcome) => void) | undefined
  sent: boolean
  /** The calls of the turn that have come already, in frames of their own. */
  readonly calls: ToolCallEffect[]
}

/** Keeps calls that came ahead of their turn. Throws if there are more than the guest's side lets through. */
export function addCalls({ calls, limits }: PendingTurn, more: readonly ToolCallEffect[]): void {
  calls.push(...more)
  if (calls.length > limits.maxToolCalls) throw new Error('more calls than are allowed')
  const length = calls.reduce((sum, { input }) => sum + input.length, 0)
  if (length > limits.journalBytes) throw new Error('more calls than a journal holds')
}

/** How a turn ended, as its process reports it. */
type TurnReport = Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }>

/** What a turn came to. */
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

/** Whether it was the guest's last turn: its process forgets it then without being told. */
export function isLast(message: TurnReport): boolean {
  return message.type !== 'turn' || message.effects.end !== undefined
}

/** Whether the turn has left its process in no state to make further guests in. */
export function isAnomaly(message: TurnReport): boolean {
  if (message.type === 'skipped') return false
  return message.worn || (message.type === 'stopped' && message.reason === 'memory')
}
