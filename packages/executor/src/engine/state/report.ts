import {
  callIdOf,
  type ExecutionRecord,
  type ExecutionResult,
  type ToolCallSummary,
  type Usage,
} from '@codemode/shared'

import { timestamp } from '../../timestamp.ts'
import { approvalsText } from './approval-text.ts'
import type { CallState } from './call-table.ts'
import type { ExecutionState } from './execution-state.ts'
import { pendingApprovals } from './pending-approval.ts'
import { jsonText, withJsonField, type JsonText } from './json-field.ts'

/** Memory that a log entry takes in addition to its text, in bytes, as measured. */
const logEntryBytes = 150
/** Memory that the state of a tool call takes in addition to its texts, in bytes, as measured. */
const toolCallBytes = 512

type Summary = Pick<ExecutionResult, 'logs' | 'logsDropped' | 'toolCalls' | 'warnings' | 'usage' | 'session'>

/** Returns the `ExecutionResult` of an execution that has ended; its value is the guest's own JSON text. */
export function resultOf(state: ExecutionState): JsonText {
  const { executionId, correlationId } = state.header
  return withOutcome(state, { executionId, correlationId, ...summaryOf(state, state.finishedAt!) })
}

/** Returns the `PausedExecution` of an execution that waits for approvals. */
export function pausedOf(state: ExecutionState): JsonText {
  const { executionId, correlationId } = state.header
  const fields = { status: 'paused', executionId, correlationId }
  return withJsonField(fields, 'approvals', approvalsText(executionId, pendingApprovals(state)))
}

/** Returns the `ExecutionRecord` at the given time, in milliseconds since the epoch. */
export function recordOf(
  state: ExecutionState,
  { label, owner }: { readonly label: string | undefined; readonly owner: string },
  now: number,
): JsonText {
  const { header, status, startedAt, finishedAt, attention } = state
  return withOutcome(state, {
    executionId: header.executionId,
    correlationId: header.correlationId,
    status,
    ...(label !== undefined && { label }),
    owner,
    createdAt: timestamp(state.createdAt),
    ...(startedAt !== undefined && { startedAt: timestamp(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: timestamp(finishedAt) }),
    ...(attention !== undefined && { error: attention }),
    // Another node may have written the last entry, by a clock that is ahead of this one.
    ...summaryOf(state, finishedAt ?? Math.max(now, state.time.lastAt)),
  } satisfies ExecutionRecord)
}

/**
 * Returns the memory that a state takes, in bytes. The texts of its logs and calls count in the journal, which has the
 * same texts.
 */
export function heapBytesOfState({ logs, calls }: ExecutionState): number {
  return logEntryBytes * logs.length + toolCallBytes * calls.all.length
}

function withOutcome({ outcome }: ExecutionState, fields: object): JsonText {
  if (outcome === undefined) return jsonText(JSON.stringify(fields))
  return outcome.status === 'completed'
    ? withJsonField({ success: true, ...fields }, 'result', jsonText(outcome.result))
    : jsonText(JSON.stringify({ success: false, error: outcome.error, ...fields }))
}

function summaryOf(state: ExecutionState, until: number): Summary {
  const { header, logs, logsDropped, calls, outcome } = state
  return {
    logs,
    logsDropped,
    toolCalls: calls.all.map((call) => callSummary(header.executionId, call)),
    warnings: [...(outcome?.warnings ?? [])],
    ...(header.session !== undefined && { session: { ...header.session, stateKept: state.isStateKept } }),
    usage: usageOf(state, until),
  }
}

/** Returns the resources that an execution has used until the given time, in milliseconds since the epoch. */
export function usageOf({ createdAt, startedAt, cpuMs, time, turns, replays }: ExecutionState, until: number): Usage {
  const began = startedAt ?? until
  return {
    cpuMs: Math.round(cpuMs * 1000) / 1000,
    wallMs: until - began,
    queueMs: began - createdAt,
    waitMs: time.waitMs,
    turns,
    replays,
  }
}

function callSummary(executionId: string, call: CallState): ToolCallSummary {
  const { number, tool, status, durationMs, errorCode } = call
  return {
    callId: callIdOf(executionId, number),
    tool,
    status,
    durationMs,
    ...(errorCode !== undefined && { errorCode }),
  }
}
