import type { Readable } from 'node:stream'

import type { ExecutionEvent } from '@codemode/shared'

import { ExecutorClientError } from './errors/executor-client-error.ts'
import { ExecutorConnectionError } from './errors/executor-connection-error.ts'
import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import { parseEvent, readMessages } from './http/event-stream.ts'
import { retryDelayMs } from './http/retry-policy.ts'
import { pause } from './pause.ts'

/** How much of a stream is read after its last event, so that its connection can be used again. */
const trailerBytes = 16 * 1024

/**
 * The events of an execution up to `finished`, from a stream that `open` begins. One that breaks is resumed at the last
 * event that came; when that brings nothing new as often as the retry policy allows, it gives up.
 */
export async function* followEvents(
  open: () => Promise<Readable>,
  api: ExecutionsApi,
  scope: ExecutionScope,
  after?: string,
): AsyncGenerator<ExecutionEvent, void> {
  let body = await open()
  let lastEventId = after
  let emptyStreams = 0
  for (;;) {
    let cause: unknown
    try {
      for await (const message of messagesOf(body)) {
        emptyStreams = 0
        lastEventId = message.id ?? lastEventId
        const event = parseEvent(message)
        if (event !== undefined) yield event
        if (event?.type === 'finished') return
      }
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason
      if (error instanceof ExecutorClientError) throw error
      cause = error
    }
    emptyStreams += 1
    const error = lost(scope, emptyStreams, cause)
    if (emptyStreams >= api.policy.maxAttempts) throw error
    const { executionId, correlationId } = scope
    const delayMs = retryDelayMs(api.policy, emptyStreams, undefined)
    scope.onRetry?.({ executionId, correlationId, attempt: emptyStreams, delayMs, error })
    await pause(delayMs, scope.signal)
    body = await api.events(lastEventId, scope)
  }
}

/** Ends the body in every case: after the last event it is read out, otherwise broken off. */
async function* messagesOf(body: Readable): ReturnType<typeof readMessages> {
  // Breaking off is no failure to anybody.
  body.on('error', () => {})
  let isFinished = false
  try {
    for await (const message of readMessages(body)) {
      isFinished = message.event === 'finished'
      yield message
    }
  } finally {
    if (isFinished && 'dump' in body) void (body as Dumpable).dump({ limit: trailerBytes })
    else body.destroy()
  }
}

type Dumpable = Readable & { dump(options: { limit: number }): Promise<unknown> }

function lost(
  { executionId, correlationId }: ExecutionScope,
  attempts: number,
  cause: unknown,
): ExecutorConnectionError {
  return new ExecutorConnectionError(`The event stream of ${executionId} broke and brought no further event`, {
    executionId,
    correlationId,
    attempts,
    ambiguous: true,
    cause,
  })
}
