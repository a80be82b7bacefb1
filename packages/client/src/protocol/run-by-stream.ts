import {
  maxTimerMs,
  type ExecutionEvent,
  type ExecutionRequest,
  type ExecutionResult,
  type PausedExecution,
  type ToolCallMessage,
} from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecutionScope } from '../http/request-scope.ts'
import type { ExecutionsApi } from './executions-api.ts'
import type { RunOptions } from '../executor.ts'
import { withRemoteParent } from '../insight/telemetry.ts'
import { followBatches } from './follow-events.ts'
import { malformed } from '../http/parse-response.ts'
import type { RunLifetime } from './run-lifetime.ts'
import { ambiguousError, canBeResolved, endOf, resolveOutcome, untilEnd } from './resolve-outcome.ts'
import { serveAllowedCall } from './serve-allowed-call.ts'
import { StreamCalls, type ToolCalledEvent } from './stream-calls.ts'
import { StreamTime } from './stream-time.ts'
import type { CallRecord } from '../tools/call-record.ts'

interface StreamRun {
  readonly request: ExecutionRequest
  readonly body: string
  readonly scope: ExecutionScope
  readonly lifetime: RunLifetime
  /** Signal that aborts when no further tool calls are to be started. */
  readonly callsEnded: AbortSignal
  readonly options: RunOptions
  /** Answers of all tool calls that this client has received over event streams. */
  readonly record: CallRecord
}

/**
 * Milliseconds for which the answer of a call is kept after the deadline of its execution, for other streams of that
 * execution.
 */
const recordMarginMs = 60_000

/**
 * Runs an execution over its event stream, and serves its tool calls unless the request has a callback. Resolves when it has
 * ended or is paused.
 */
export async function runByStream(run: StreamRun, api: ExecutionsApi): Promise<ExecutionResult | PausedExecution> {
  const { request, scope, lifetime, callsEnded, options, record } = run
  const time = new StreamTime()
  const messageOf = (event: ToolCalledEvent) => callMessage(run, event, time.remainingMs(event))
  const calls = new StreamCalls({
    record,
    keepUntil: Date.now() + (scope.deadlineAt - performance.now()) + recordMarginMs,
    onConflict: (event, conflict) => options.onCallConflict?.(messageOf(event), conflict.message),
    serveEvent: (event, signal) => withRemoteParent(event.trace, () => serveAllowedCall(run, messageOf(event), signal)),
    openCalls: (events) =>
      lifetime.signal.aborted || callsEnded.aborted ? [] : time.openCalls(events, () => api.record(scope)),
    send: (body) => api.sendToolResults(body, scope).catch(ignoreEnded),
    onFailure: (error) => lifetime.end(ambiguousError(scope, error) as Error),
  })
  let lastEventId: string | undefined
  const receive = (received: readonly ExecutionEvent[]) => {
    const events = untilEnd(received)
    lastEventId = events.at(-1)?.id ?? lastEventId
    time.observe(events)
    if (request.callback === undefined) calls.receive(events)
    for (const event of events) options.onEvent?.(event)
    return endOf(events.at(-1))
  }
  let isAccepted = false
  const open = async () => {
    const stream = await api.open(run.body, scope)
    isAccepted = true
    return stream
  }
  try {
    for await (const events of followBatches(open, api, scope)) {
      isAccepted = true
      const end = receive(events)
      if (end !== undefined) return end
    }
    throw malformed('event stream', undefined)
  } catch (error) {
    const isLost = isAccepted && error instanceof ExecutorClientError && error.httpStatus === 404
    if (lifetime.signal.aborted || !(isLost || canBeResolved(error)))
      throw isAccepted ? ambiguousError(scope, error) : error
    // After this code the id may belong to an execution of somebody else, whose calls are not served here.
    const isOwn = error.code !== 'IDEMPOTENCY_CONFLICT'
    return await resolveOutcome(api, scope, error, isOwn ? { lastEventId: () => lastEventId, receive } : undefined)
  } finally {
    calls.end('The execution has ended')
  }
}

function callMessage(
  { request, scope, options }: StreamRun,
  { callId, tool, input, approval }: ToolCalledEvent,
  remainingMs: number,
): ToolCallMessage {
  const { executionId, correlationId } = scope
  return {
    type: 'tool.call',
    executionId,
    correlationId,
    callId,
    tool,
    input,
    context: structuredClone(options.session?.context ?? request.context ?? {}),
    deadline: new Date(Date.now() + Math.min(remainingMs, maxTimerMs)).toISOString(),
    ...(approval && { approval }),
  }
}

/**
 * Ignores errors of an execution that is gone or has ended. Such an execution needs no answers, and its event stream
 * ends as well. Throws other errors, also the refusal of an answer to a call that waits for an approval.
 */
export function ignoreEnded(error: unknown): void {
  const isEnded = error instanceof ExecutorClientError && [404, 409, 410].includes(error.httpStatus ?? 0)
  if (!isEnded || error.code === 'APPROVAL_CONFLICT') throw error
}
