import { defaultRequestLimits, isFinal, maxTimerMs, type ExecutionEvent, type ExecutionRecord } from '@codemode/shared'
import { toolCancelled } from '@codemode/shared/internal'

import { forwardAbort } from '../async/forward-abort.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ControlOptions, Executor } from '../executor.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import { isDiscoveryTool } from '../prompt/discovery/discovery-tools.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { reportConflict } from '../tools/serve-call.ts'
import { approvalOfEvent } from '../approvals/approval-of-event.ts'
import type { DetachedState } from './detached-state.ts'
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
  /** State that takes what the record and the events show. */
  readonly state: DetachedState
}

/** Statuses of calls whose approvals, if they had any, have been decided. */
const decidedStatuses: ReadonlySet<string> = new Set(['deferred', 'completed', 'failed', 'cancelled'])

/**
 * Serves the tool calls of an execution with the tools of a view, and resolves with its result. Rejects with a
 * ConfigurationError for a call of a tool that the view does not have; the call stays open for another client.
 */
export async function resumeWithTools(
  executionId: string,
  { executor, tools, events, registry, state, toolTimeoutMs = defaultRequestLimits.toolTimeoutMs }: ResumeParts,
  options: ControlOptions,
): Promise<ExecutionResult> {
  const record = await requirePart(executor, 'record').record(executionId, options)
  state.observe(record)
  if (isFinal(record.status)) return resultOfRecord(record)
  const { correlationId, label } = record
  const ids = { executionId, correlationId }
  const isDecided = decidedCalls(record)
  const stop = new AbortController()
  const stopForwarding = forwardAbort(options.signal, stop)
  let failure: ConfigurationError | undefined
  const resuming = requirePart(executor, 'detached').detached.resume(executionId, {
    signal: stop.signal,
    correlationId,
    callTool: (message, signal, allowed) => {
      if (registry.get(message.tool) !== undefined || isDiscoveryTool(message.tool)) {
        return tools.serve(message, signal, { registry, state: undefined, allowed })
      }
      failure ??= missingTool(message.tool, executionId)
      stop.abort(failure)
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(toolCancelled(message.tool)), { once: true })
      })
    },
    timeoutOf: (name) => Math.min(registry.get(name)?.declaration.timeoutMs ?? toolTimeoutMs, maxTimerMs),
    onCallConflict: (call, reason) => reportConflict(events, call, reason),
    onEvent: (event: ExecutionEvent) => {
      state.update(event)
      if (event.type !== 'approval.requested' || isDecided(event.callId)) return
      events.emit('approval', { ...ids, label, approval: approvalOfEvent(event) })
    },
  })
  try {
    return await resuming
  } catch (error) {
    throw failure ?? error
  } finally {
    stopForwarding()
  }
}

/** Adds what a key needs for resuming to an error of a key that may not read the execution or serve its calls. */
export function withOwnerRule(error: unknown): unknown {
  if (!(error instanceof ExecutorClientError) || error.code !== 'FORBIDDEN') return error
  return Object.assign(error, {
    suggestion:
      'Resume with the key that submitted the execution, or with another one that has the right "run" and the same owner.',
  })
}

function missingTool(name: string, executionId: string): ConfigurationError {
  return new ConfigurationError(
    `The execution ${executionId} calls the tool ${name}, which this client does not have. The call waits for a client that has it.`,
    `codemode.registerTool('${name}', …)\nawait codemode.resume('${executionId}')`,
  )
}

/** Returns a function that returns whether the approval of a call, if it needed one, was decided before the record was read. */
function decidedCalls({ toolCalls }: ExecutionRecord): (callId: string) => boolean {
  const decided = new Set(toolCalls.flatMap(({ callId, status }) => (decidedStatuses.has(status) ? callId : [])))
  return (callId) => decided.has(callId)
}
