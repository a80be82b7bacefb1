import { defaultRequestLimits, isFinal, maxTimerMs, type ExecutionEvent, type ExecutionRecord } from '@codemode/shared'

import type { ControlOptions, Executor } from '../executor.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { reportConflict } from '../tools/serve-call.ts'
import { approvalOfEvent } from '../approvals/approval-of-event.ts'
import { resultOfRecord, type ExecutionResult } from './execution-result.ts'
import { requirePart } from './executor-parts.ts'

/** Options for resuming an execution. */
export interface ExecutionResumeOptions {
  /** Signal that ends serving and waiting. The execution goes on. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait for the end of the execution. When they are over, the execution goes on. */
  readonly timeoutMs?: number | undefined
}

interface ResumeParts {
  readonly executor: Executor
  readonly tools: ClientTools
  readonly events: ClientEmitter
  readonly registry: ToolRegistry
  readonly toolTimeoutMs: number | undefined
}

/** Statuses of calls whose approvals, if they had any, have been decided. */
const decidedStatuses: ReadonlySet<string> = new Set(['deferred', 'completed', 'failed', 'cancelled'])

/** Serves the tool calls of an execution with the tools of a view, and resolves with its result. */
export async function resumeWithTools(
  executionId: string,
  { executor, tools, events, registry, toolTimeoutMs = defaultRequestLimits.toolTimeoutMs }: ResumeParts,
  options: ControlOptions,
): Promise<ExecutionResult> {
  const record = await requirePart(executor, 'record').record(executionId, options)
  if (isFinal(record.status)) return resultOfRecord(record)
  const { correlationId, label } = record
  const ids = { executionId, correlationId }
  const isDecided = decidedCalls(record)
  return requirePart(executor, 'detached').detached.resume(executionId, {
    signal: options.signal,
    correlationId,
    callTool: (message, signal) => tools.serve(message, signal, { registry, state: undefined }),
    timeoutOf: (name) => Math.min(registry.get(name)?.declaration.timeoutMs ?? toolTimeoutMs, maxTimerMs),
    onCallConflict: (call, reason) => reportConflict(events, call, reason),
    onEvent: (event: ExecutionEvent) => {
      if (event.type === 'log') events.emit('log', { ...ids, level: event.level, text: event.text, at: event.at })
      if (event.type !== 'approval.requested' || isDecided(event.callId)) return
      events.emit('approval', { ...ids, label, approval: approvalOfEvent(event) })
    },
  })
}

/** Returns a function that returns whether a call of the past waits for no approval any more. */
function decidedCalls({ toolCalls }: ExecutionRecord): (callId: string) => boolean {
  const decided = new Set(toolCalls.flatMap(({ callId, status }) => (decidedStatuses.has(status) ? callId : [])))
  return (callId) => decided.has(callId)
}
