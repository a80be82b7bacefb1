// Runs a step of a durable session: stores it, and follows it to its end.
import { defaultRequestLimits, maxTimerMs, type ExecutionRequest, type ExecutionResult } from '@codemode/shared'

import { forwardAbort } from '../async/forward-abort.ts'
import { requestAborted } from '../errors/cancelled-error.ts'
import type { ResumeOptions, RunOptions, SessionOfRun } from '../executor.ts'
import { asExpired } from '../sessions/session-errors.ts'
import type { CallRecord } from '../tools/call-record.ts'
import type { ExecutionsApi } from './executions-api.ts'
import { followEvents } from './follow-events.ts'
import { malformed } from '../http/parse-response.ts'
import { resumeExecution } from './resume-execution.ts'
import { serveAllowedCall } from './serve-allowed-call.ts'
import { withinTime } from './within-time.ts'

/** Options of a step of a durable session, with their defaults. */
export interface DurableStepOptions extends RunOptions {
  readonly session: SessionOfRun
  readonly correlationId: string
  /** Milliseconds within which the executor must have stored the step. */
  readonly requestTimeoutMs: number
}

interface DurableStep {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly options: DurableStepOptions
  /** Signal that aborts when the client closes. */
  readonly closing: AbortSignal
  readonly record: CallRecord
}

/**
 * Adds a step to a durable session, and follows it to its end. Serves its tool calls unless the request has a callback. Rejects
 * when a signal aborts; a step that was stored goes on.
 */
export async function runDurableStep(step: DurableStep, api: ExecutionsApi): Promise<ExecutionResult> {
  const { request, options, closing } = step
  const { session, correlationId, requestTimeoutMs: timeoutMs, canGoElsewhere, onRetry } = options
  const signals = [options.signal, closing]
  const ids = { executionId: request.id, correlationId }
  const body = JSON.stringify(request)
  try {
    await withinTime(request.id, { correlationId, signals, timeoutMs }, (scope) =>
      api.submit(body, { ...scope, sessionId: session.id, canGoElsewhere, onRetry }),
    )
  } catch (error) {
    throw asExpired(error, session.id)
  }
  options.onAccepted?.()
  const controller = new AbortController()
  const stops = signals.map((each) => forwardAbort(each, controller, (reason) => requestAborted(reason, ids)))
  const scope = { ...ids, signal: controller.signal, deadlineAt: Infinity, onRetry }
  try {
    scope.signal.throwIfAborted()
    const isServedHere = (request.tools?.length ?? 0) > 0 && request.callback === undefined
    if (!isServedHere) return await followToEnd(scope, step, api)
    const { record } = step
    const header = { context: session.context, tools: request.tools?.map(({ name }) => name) ?? [] }
    return await resumeExecution({ scope, options: servingOptions(step), record, header }, api)
  } finally {
    for (const stop of stops) stop()
  }
}

async function followToEnd(
  scope: Parameters<typeof followEvents>[2],
  { options }: DurableStep,
  api: ExecutionsApi,
): Promise<ExecutionResult> {
  for await (const event of followEvents(() => api.events(undefined, scope), api, scope)) {
    options.onEvent?.(event)
    if (event.type === 'finished') return event.result
  }
  throw malformed('event stream', undefined)
}

function servingOptions(step: DurableStep): ResumeOptions {
  const { tools = [], limits } = step.request
  const { onEvent, onCallConflict } = step.options
  return {
    ...(onEvent && { onEvent }),
    ...(onCallConflict && { onCallConflict }),
    callTool: (call, signal) => serveAllowedCall(step, call, signal),
    timeoutOf: (name) => {
      const declared = tools.find((tool) => tool.name === name)
      const timeoutMs = declared?.timeoutMs ?? limits?.toolTimeoutMs ?? defaultRequestLimits.toolTimeoutMs
      return Math.min(timeoutMs, maxTimerMs)
    },
  }
}
