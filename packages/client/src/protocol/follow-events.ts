// Reads the events of an execution across broken connections. Each stream resumes after the last event id received;
// streams without an event count as failed attempts of the retry policy.
import type { Readable } from 'node:stream'

import { isFinal, type ExecutionEvent } from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import type { ExecutionScope } from '../http/request-scope.ts'
import type { EventsScope, ExecutionsApi } from './executions-api.ts'
import { parseEvent, readMessages } from '../http/event-stream.ts'
import { retryDelayMs, type RetryPolicy } from '../http/retry-policy.ts'
import { delay } from '../async/delay.ts'

/** Maximum bytes of a stream that are read after its last event, so that its connection can be reused. */
const trailerBytes = 16 * 1024

/** Milliseconds without an event after which a stream may have been ended as idle; `onRetry` is not called for it. */
const idleStreamMs = 500

/** Maximum ratio of the pause after a stream to the time for which that stream was open. */
const maxPauseRatio = 4

/** Yields the events of an execution one by one; see {@link followBatches}. */
export async function* followEvents(...args: Parameters<typeof followBatches>): AsyncGenerator<ExecutionEvent, void> {
  for await (const events of followBatches(...args)) yield* events
}

/**
 * Yields the events of an execution up to `finished`, in batches that have arrived together. `open` opens the first
 * stream; a stream that breaks is resumed after the last event. Rejects when a stream could not be opened, or when as
 * many streams in a row as the retry policy has attempts brought no event, unless the execution's record then shows
 * that it is under way: gateways end idle requests, and an idle execution has not failed.
 */
export async function* followBatches(
  open: () => Promise<Readable>,
  api: ExecutionsApi,
  scope: EventsScope,
  after?: string,
): AsyncGenerator<ExecutionEvent[], void> {
  let lastEventId = after
  let next = open
  let emptyStreams = 0
  for (;;) {
    const stream = { openedAt: performance.now(), lastEventAt: performance.now() }
    let cause: unknown
    try {
      const body = await next()
      stream.openedAt = stream.lastEventAt = performance.now()
      for await (const messages of messagesOf(body)) {
        emptyStreams = 0
        stream.lastEventAt = performance.now()
        lastEventId = messages.findLast(({ id }) => id !== undefined)?.id ?? lastEventId
        const events = messages.flatMap((message) => parseEvent(message) ?? [])
        yield events
        if (events.at(-1)?.type === 'finished') return
      }
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason
      if (error instanceof ExecutorClientError && !mayBeUnderWay(error, next === open)) throw error
      cause = error
    }
    emptyStreams += 1
    const failure = cause instanceof ExecutorClientError ? cause : undefined
    const error = failure ?? interruptedStream(scope, emptyStreams, cause)
    if (failure !== undefined || emptyStreams >= api.policy.maxAttempts) {
      if (!(await isUnderWay(api, scope))) throw error
      emptyStreams = 1
    }
    const delayMs = pauseAfter(stream, { error, emptyStreams, policy: api.policy })
    if (performance.now() - stream.lastEventAt < idleStreamMs) {
      const { executionId, correlationId } = scope
      scope.onRetry?.({ executionId, correlationId, attempt: emptyStreams, delayMs, error })
    }
    await delay(delayMs, scope.signal)
    next = () => api.events(lastEventId, scope)
  }
}

interface Interruption {
  readonly error: ExecutorClientError
  /** Number of streams in a row that brought no event. */
  readonly emptyStreams: number
  readonly policy: RetryPolicy
}

/** Returns the pause in milliseconds between a stream that broke and the next one. */
function pauseAfter(stream: { readonly openedAt: number }, { error, emptyStreams, policy }: Interruption): number {
  const maxPauseMs = Math.max(policy.backoffBaseMs, maxPauseRatio * (performance.now() - stream.openedAt))
  return Math.min(retryDelayMs(policy, emptyStreams, error.retryAfterMs), maxPauseMs)
}

/** Returns whether the execution may be under way although its stream could not be opened. */
function mayBeUnderWay(error: ExecutorClientError, isFirst: boolean): boolean {
  return error.retryable && (error.ambiguous || !isFirst)
}

/** Reads from the executor whether the execution is under way. Resolves with false if the executor does not answer. */
async function isUnderWay(api: ExecutionsApi, scope: ExecutionScope): Promise<boolean> {
  try {
    const { status } = await api.record(scope, api.recordPolicy(0))
    return !isFinal(status)
  } catch {
    scope.signal.throwIfAborted()
    return false
  }
}

/**
 * Yields the messages of a body. At the end, drains the body if the last event was received, and destroys it otherwise.
 */
async function* messagesOf(body: Readable): ReturnType<typeof readMessages> {
  // A destroyed body emits an error, which would be an uncaught exception without a listener.
  body.on('error', () => {})
  let isFinished = false
  try {
    for await (const messages of readMessages(body)) {
      // A run ends at the event `paused`, too.
      isFinished = ['finished', 'paused'].includes(messages.at(-1)?.event ?? '')
      yield messages
    }
  } finally {
    if (isFinished && 'dump' in body) void (body as Dumpable).dump({ limit: trailerBytes })
    else body.destroy()
  }
}

type Dumpable = Readable & { dump(options: { limit: number }): Promise<unknown> }

/** Returns the error for a stream that ended before the event `finished`. */
function interruptedStream(
  { executionId, correlationId }: ExecutionScope,
  attempts: number,
  cause: unknown,
): ExecutorConnectionError {
  const times = attempts === 1 ? '' : ` ${attempts} times in a row`
  return new ExecutorConnectionError(
    `The event stream of execution ${executionId} broke${times} before a new event arrived`,
    {
      executionId,
      correlationId,
      attempts,
      ambiguous: true,
      suggestion: 'Check the idle timeouts of the gateways before the executor.',
      cause,
    },
  )
}
