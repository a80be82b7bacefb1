import type { ExecutionEvent, ExecutionRequest, ExecutionResult, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import type { RunOptions } from './executor.ts'
import { followEvents } from './follow-events.ts'
import { malformed } from './http/malformed.ts'
import type { RunClock } from './run-clock.ts'
import { canBeSettled, lostSight, settle } from './settle.ts'
import { StreamCalls } from './stream-calls.ts'
import type { CallRecord } from './tools/call-record.ts'
import { onLocalClock } from './tools/deadline.ts'
import { failed } from './tools/tool-failure.ts'

interface StreamRun {
  readonly request: ExecutionRequest
  readonly body: string
  readonly scope: ExecutionScope
  readonly clock: RunClock
  readonly options: RunOptions
  /** Answers of all calls that came to this client by streams. */
  readonly record: CallRecord
}

/** Milliseconds for which the answer of a call is kept after the deadline of its execution, for other streams of it. */
const recordMarginMs = 60_000

/** Runs an execution over its event stream, serving its tool calls unless the request names a callback. */
export async function runByStream(run: StreamRun, api: ExecutionsApi): Promise<ExecutionResult> {
  const { request, scope, clock, options, record } = run
  const calls = new StreamCalls({
    record,
    keepUntil: Date.now() + (scope.deadlineAt - performance.now()) + recordMarginMs,
    onConflict: (event, conflict) => options.onCallConflict?.(messageOf(run, event), conflict.message),
    callTool: (event, signal) => callTool(run, event, signal),
    send: (body) => api.sendToolResults(body, scope).catch(ignoreEnded),
    onFailure: (error) => clock.end(lostSight(scope, error) as Error),
  })
  let isAccepted = false
  const open = async () => {
    const stream = await api.open(run.body, scope)
    isAccepted = true
    return stream
  }
  try {
    for await (const event of followEvents(open, api, scope)) {
      if (event.type === 'tool.called' && request.callback === undefined) calls.called(event)
      if (event.type === 'tool.settled') calls.settled(event.callId, 'The call was settled without this answer')
      options.onEvent?.(event)
      if (event.type === 'finished') return event.result
    }
    throw malformed('event stream', undefined)
  } catch (error) {
    const isLost = isAccepted && error instanceof ExecutorClientError && error.httpStatus === 404
    if (clock.signal.aborted || !(isLost || canBeSettled(error))) throw isAccepted ? lostSight(scope, error) : error
    return await settle(api, scope, error)
  } finally {
    calls.end('The execution has ended')
  }
}

type Called = Extract<ExecutionEvent, { type: 'tool.called' }>

async function callTool(run: StreamRun, event: Called, signal: AbortSignal): Promise<ToolAnswer> {
  const { tool } = event
  if (run.request.tools?.some(({ name }) => name === tool) !== true) {
    return failed('TOOL_NOT_ALLOWED', `The execution may not call ${tool}`)
  }
  return run.options.callTool(messageOf(run, event), signal)
}

function messageOf({ request, scope }: StreamRun, event: Called): ToolCallMessage {
  const { callId, tool, input, at, deadline } = event
  const { executionId, correlationId } = scope
  return {
    type: 'tool.call',
    executionId,
    correlationId,
    callId,
    tool,
    input,
    context: structuredClone(request.context ?? {}),
    deadline: onLocalClock(deadline, Date.parse(at)),
  }
}

/** Ignores that an execution is gone or has ended: it needs no answers, and its stream tells the same. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof ExecutorClientError) || ![404, 409, 410].includes(error.httpStatus ?? 0)) throw error
}
