import type { ExecutionRequest, ExecutionResult, ToolAnswer } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import type { RunOptions } from './executor.ts'
import { followBatches } from './follow-events.ts'
import { malformed } from './http/malformed.ts'
import type { RunClock } from './run-clock.ts'
import { canBeSettled, lostSight, settle } from './settle.ts'
import { StreamCalls, type Called } from './stream-calls.ts'
import { StreamTime } from './stream-time.ts'
import { failed } from './tools/tool-failure.ts'

interface StreamRun {
  readonly request: ExecutionRequest
  readonly body: string
  readonly scope: ExecutionScope
  readonly clock: RunClock
  /** Aborts when no further calls are to be started. */
  readonly callsEnded: AbortSignal
  readonly options: RunOptions
}

/** Runs an execution over its event stream, serving its tool calls unless the request names a callback. */
export async function runByStream(run: StreamRun, api: ExecutionsApi): Promise<ExecutionResult> {
  const { request, scope, clock, callsEnded, options } = run
  const time = new StreamTime()
  const calls = new StreamCalls({
    callTool: (event, signal) => callTool(run, event, { signal, time }),
    openCalls: (events) =>
      clock.signal.aborted || callsEnded.aborted ? [] : time.openCalls(events, () => api.record(scope)),
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
    for await (const events of followBatches(open, api, scope)) {
      isAccepted = true
      time.note(events)
      if (request.callback === undefined) calls.take(events)
      for (const event of events) {
        options.onEvent?.(event)
        if (event.type === 'finished') return event.result
      }
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

interface CallOptions {
  readonly signal: AbortSignal
  readonly time: StreamTime
}

async function callTool(
  { request, scope, options }: StreamRun,
  event: Called,
  { signal, time }: CallOptions,
): Promise<ToolAnswer> {
  const { callId, tool, input } = event
  if (request.tools?.some(({ name }) => name === tool) !== true) {
    return failed('TOOL_NOT_ALLOWED', `The execution may not call ${tool}`)
  }
  const { executionId, correlationId } = scope
  return options.callTool(
    {
      type: 'tool.call',
      executionId,
      correlationId,
      callId,
      tool,
      input,
      context: structuredClone(request.context ?? {}),
      deadline: new Date(Date.now() + time.remainingMs(event)).toISOString(),
    },
    signal,
  )
}

/** Ignores that an execution is gone or over and needs no answers; its stream says so too. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof ExecutorClientError) || ![404, 409, 410].includes(error.httpStatus ?? 0)) throw error
}
