import {
  callIdOf,
  errorCodes,
  type ExecutionFailure,
  type ExecutionStatus,
  type GuestEnd,
  type JournalEntry,
  type TurnEffects,
  type Warning,
} from '@codemode/shared'

import type { StatusChange } from '../../store/execution-store.ts'

/** Outcome of an execution that has ended. */
export type Outcome =
  | {
      readonly status: 'completed'
      /** Value as JSON text. */
      readonly result: string
      readonly warnings: readonly Warning[]
    }
  | {
      readonly status: Extract<ExecutionStatus, 'failed' | 'cancelled'>
      readonly error: ExecutionFailure
      readonly warnings: readonly Warning[]
    }

/** Returns the final state of an execution in a list. */
export function endOf(outcome: Outcome, finishedAt: number): StatusChange & { readonly finishedAt: number } {
  const { status } = outcome
  return { status, finishedAt, ...(outcome.status !== 'completed' && { error: outcome.error }) }
}

/** Returns the error with which the host ends the execution by an entry; undefined if it does not. */
export function hostErrorOf(entry: JournalEntry): ExecutionFailure | undefined {
  if (entry.type === 'end') return entry.error
  return entry.type === 'decision' ? entry.end : undefined
}

/** Returns the report with which the guest has ended the execution in the turn of an entry; undefined if it has not. */
export function guestEndOf(entry: JournalEntry): GuestEnd | undefined {
  return entry.type === 'turn' ? entry.effects.end : undefined
}

/** Returns whether an entry ends the execution. */
export function isEnd(entry: JournalEntry): boolean {
  return (guestEndOf(entry) ?? hostErrorOf(entry)) !== undefined
}

/** Returns the outcome that an entry gives to its execution; undefined if it does not end it. */
export function outcomeOfEntry(entry: JournalEntry, executionId: string): Outcome | undefined {
  const error = hostErrorOf(entry)
  if (error !== undefined) return outcomeOfError(error, { executionId })
  const end = guestEndOf(entry)
  return end && outcomeOfGuestEnd(end, executionId)
}

/** Returns the outcome of an execution that the guest has ended. */
export function outcomeOfGuestEnd(end: GuestEnd, executionId: string): Outcome {
  const warnings = warningsOf(end.warnings, executionId)
  if (end.ok) return { status: 'completed', result: end.result, warnings }
  return { status: 'failed', error: failureOf(end), warnings }
}

/** Returns the outcome of an execution that the host has ended. */
export function outcomeOfError(
  error: ExecutionFailure,
  { warnings, executionId }: { readonly warnings?: TurnEffects['warnings']; readonly executionId: string },
): Outcome {
  const status = error.code === 'CANCELLED' ? 'cancelled' : 'failed'
  return { status, error, warnings: warningsOf(warnings, executionId) }
}

function warningsOf(warnings: TurnEffects['warnings'] = [], executionId: string): Warning[] {
  return warnings.map(({ call, ...warning }) => ({
    ...warning,
    ...(call !== undefined && { callId: callIdOf(executionId, call) }),
  }))
}

function failureOf(end: Extract<GuestEnd, { ok: false }>): ExecutionFailure {
  const { code, name, message, hint, stack, details, call, cause, errors } = end
  return {
    code,
    name,
    message,
    retryable: errorCodes[code].retryable,
    ...(hint !== undefined && { hint }),
    ...(stack !== undefined && { guestStack: stack }),
    ...(details !== undefined && { details }),
    ...(call !== undefined && { call }),
    ...(cause !== undefined && { cause }),
    ...(errors !== undefined && { errors }),
  }
}
