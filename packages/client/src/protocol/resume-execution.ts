// Serves the tool calls of an execution that has no callback, and follows it to its end. One client serves at a time: the
// others watch, and try again to become the one that serves.
import { maxTimerMs, type ExecutionEvent, type ExecutionResult, type ToolCallMessage } from '@codemode/shared'

import { forwardAbort } from '../async/forward-abort.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ResumeOptions } from '../executor.ts'
import { isLaterEvent } from '../http/event-position.ts'
import { malformed } from '../http/parse-response.ts'
import type { ExecutionScope } from '../http/request-scope.ts'
import { withRemoteParent } from '../insight/telemetry.ts'
import type { CallRecord } from '../tools/call-record.ts'
import type { EventsScope, ExecutionsApi } from './executions-api.ts'
import { followBatches } from './follow-events.ts'
import { ignoreEnded } from './run-by-stream.ts'
import { StreamCalls, type ToolCalledEvent } from './stream-calls.ts'

/** Milliseconds between two attempts to serve of a client that watches. */
const watchMs = 2_000
/** Milliseconds for which the answer to a call is kept, in case the call arrives again. */
const keptMs = 24 * 3_600_000

interface Resumption {
  readonly scope: ExecutionScope
  readonly options: ResumeOptions
  readonly record: CallRecord
  /** Context of the execution, and the tools that it may call; undefined if they are to be read. */
  readonly header?: Awaited<ReturnType<ExecutionsApi['header']>>
}

/**
 * Follows an execution to its end, and serves its tool calls while no other client does. Rejects with the reason of the signal
 * when that aborts; the execution goes on.
 */
export async function resumeExecution(
  { scope, ...resumption }: Resumption,
  api: ExecutionsApi,
): Promise<ExecutionResult> {
  const { options } = resumption
  const controller = new AbortController()
  const stopForwarding = forwardAbort(scope.signal, controller)
  const own: EventsScope = { ...scope, signal: controller.signal }
  const calls = callsOf({ ...resumption, scope: own }, api, (error) => controller.abort(error))
  let lastEventId: string | undefined
  /** Processes events, of which those that were read before are not reported again. Returns the result at the end. */
  const receive = (events: readonly ExecutionEvent[]): ExecutionResult | undefined => {
    for (const event of events) {
      if (lastEventId !== undefined && !isLaterEvent(event.id, lastEventId)) continue
      lastEventId = event.id
      options.onEvent?.(event)
    }
    const last = events.at(-1)
    return last?.type === 'finished' ? last.result : undefined
  }
  try {
    for (;;) {
      const result =
        (await serve(own, api, { calls, receive })) ?? (await watch(own, api, { after: lastEventId, receive }))
      if (result !== undefined) return result
    }
  } finally {
    calls.end('The execution is no longer served here')
    stopForwarding()
  }
}

type Receive = (events: readonly ExecutionEvent[]) => ExecutionResult | undefined

/** Follows the events and serves the calls. Resolves with undefined if another client serves them. */
async function serve(
  scope: EventsScope,
  api: ExecutionsApi,
  { calls, receive }: { readonly calls: StreamCalls; readonly receive: Receive },
): Promise<ExecutionResult | undefined> {
  const serving = { ...scope, servesCalls: true }
  try {
    for await (const events of followBatches(() => api.events(undefined, serving), api, serving)) {
      // A call with a deadline is not for this client: the executor sends it to a callback, or has sent it elsewhere.
      calls.receive(events.filter((event) => event.type !== 'tool.called' || event.deadline === undefined))
      const result = receive(events)
      if (result !== undefined) return result
    }
  } catch (error) {
    if (error instanceof ExecutorClientError && error.code === 'EXECUTION_SERVED') return undefined
    throw error
  }
  throw malformed('event stream', undefined)
}

/** Follows the events for some time without serving calls. Resolves with undefined when the time is over. */
async function watch(
  scope: EventsScope,
  api: ExecutionsApi,
  { after, receive }: { readonly after: string | undefined; readonly receive: Receive },
): Promise<ExecutionResult | undefined> {
  const controller = new AbortController()
  const stopForwarding = forwardAbort(scope.signal, controller)
  const isOver = new DOMException('The time to watch is over', 'TimeoutError')
  const timer = setTimeout(() => controller.abort(isOver), watchMs)
  const watching = { ...scope, signal: controller.signal }
  try {
    for await (const events of followBatches(() => api.events(after, watching), api, watching, after)) {
      const result = receive(events)
      if (result !== undefined) return result
    }
    return undefined
  } catch (error) {
    if (error === isOver) return undefined
    throw error
  } finally {
    clearTimeout(timer)
    stopForwarding()
  }
}

function callsOf(
  { scope, options, record, ...given }: Resumption,
  api: ExecutionsApi,
  onFailure: (error: Error) => void,
): StreamCalls {
  let header = given.header && Promise.resolve(given.header)
  const messageOf = async (event: ToolCalledEvent): Promise<ToolCallMessage> => {
    const { executionId, correlationId } = scope
    const { callId, tool, input, approval } = event
    header ??= api.header(scope)
    const { context } = await header
    const deadline = new Date(Date.now() + Math.min(options.timeoutOf(tool), maxTimerMs)).toISOString()
    const ids = { executionId, correlationId, callId }
    return {
      type: 'tool.call',
      ...ids,
      tool,
      input,
      context: structuredClone(context),
      deadline,
      ...(approval && { approval }),
    }
  }
  return new StreamCalls({
    record,
    keepUntil: Date.now() + keptMs,
    arrivesAgain: true,
    onConflict: (event, conflict) =>
      void messageOf(event).then((message) => options.onCallConflict?.(message, conflict.message), onFailure),
    serveEvent: async (event, signal) => {
      const message = await messageOf(event)
      const allowed = (await header)?.tools ?? []
      return withRemoteParent(event.trace, () => options.callTool(message, signal, allowed))
    },
    openCalls: async (events) => {
      // The stream begins with events of the past, most of whose calls have been answered.
      const { toolCalls } = await api.record(scope)
      const open = new Set(toolCalls.flatMap(({ callId, status }) => (status === 'running' ? callId : [])))
      return events.filter(({ callId }) => open.has(callId))
    },
    send: (body) => api.sendToolResults(body, scope).catch(ignoreEnded),
    onFailure,
  })
}
