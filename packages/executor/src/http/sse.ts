// Server-Sent Events, https://html.spec.whatwg.org/multipage/server-sent-events.html: `id:`, `event:` and `data:` lines.
import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers/promises'

import { headers, RequestError, type ErrorBody } from '@codemode/shared'
import type { Logger } from 'pino'

import type { EventText, ExecutionHandle } from '../engine/engine.ts'
import { quotedHead } from '../problem-texts.ts'
import type { HttpContext } from './http-context.ts'
import { errorBody, internalError } from './errors.ts'
import { watchStalls, type StallWatch } from './stalled-writes.ts'
import { raceTimeout } from './race-timeout.ts'

/** Number of characters up to which events that are ready together are written together. */
const batchLength = 16 * 1024

export interface EventStreamOptions {
  readonly logger: Logger
  /** Milliseconds without an event after which a comment is sent as a heartbeat. */
  readonly heartbeatMs: number
  /** Milliseconds for which a reader may keep the stream waiting. */
  readonly stallMs: number
  /** Whether the reader serves tool calls, see `EventOptions`. */
  readonly isServing?: boolean
  /** Rejects with `RequestError` UNAUTHORIZED or FORBIDDEN, which ends the stream, if the reader may not read any more. */
  readonly checkReader?: () => Promise<void>
}

/** Returns the id in `last-event-id`, if there is one. Throws `RequestError` when it is not an id of an event. */
export function lastEventId(c: HttpContext): string | undefined {
  const id = c.req.header(headers.lastEventId)
  if (id === undefined || id === '') return undefined
  if (/^\d{1,10}\.\d{1,10}$/.test(id)) return id
  throw new RequestError(
    'INVALID_REQUEST',
    `The header ${headers.lastEventId} is ${quotedHead(id)}; it must be the id of an event, such as 3.1.`,
  )
}

/**
 * Responds with an execution's events after `last-event-id`, to the end. Back-pressure: an event is taken from the
 * engine only when the socket has room for it, so the limits of the engine bound the memory that a slow reader uses.
 * A reader that stalls is disconnected; it may resume. Rejects with `RequestError` INVALID_REQUEST when `last-event-id` is
 * no event of this execution, and with RATE_LIMITED when there are too many readers.
 */
export async function eventStreamResponse(
  c: HttpContext,
  handle: ExecutionHandle,
  { logger, heartbeatMs, stallMs, isServing = false, checkReader }: EventStreamOptions,
): Promise<Response> {
  const stop = new AbortController()
  const after = lastEventId(c)
  const detach = handle.attachReader()
  const stall = watchStalls(stallMs, () => {
    logger.info(
      { executionId: handle.id, correlationId: c.get('correlationId') },
      `the connection was closed: the reader took no data for ${stallMs} ms`,
    )
    close()
    c.env?.outgoing?.destroy()
  })
  let events: AsyncIterator<EventText> | undefined
  const close = () => {
    stall.stop()
    c.req.raw.signal.removeEventListener('abort', close)
    if (!stop.signal.aborted) detach()
    stop.abort()
    // A generator that nobody continues would hold what it has opened.
    events?.return?.().catch(() => {})
  }
  c.req.raw.signal.addEventListener('abort', close)
  if (c.req.raw.signal.aborted) close()
  try {
    const readable = await handle.events({ ...(after !== undefined && { after }), signal: stop.signal, isServing })
    events = readable[Symbol.asyncIterator]()
    const first = events.next()
    // The first step fails when there is no event with this id. This must be known while the status can still be set.
    await Promise.race([first, setImmediate()])

    c.header(headers.executionId, handle.id)
    c.header('content-type', 'text/event-stream; charset=utf-8')
    c.header('cache-control', 'no-store')
    c.header('x-accel-buffering', 'no')
    const toErrorLines = (error: unknown) =>
      errorLines(errorBody(c, error instanceof RequestError ? error : internalError(error, c, logger)))
    return c.body(
      eventStream(events, { first, heartbeatMs, stall, checkReader, toErrorLines, close, closed: stop.signal }),
    )
  } catch (error) {
    close()
    throw error
  }
}

interface StreamOptions {
  readonly first: Promise<IteratorResult<EventText>>
  readonly heartbeatMs: number
  readonly stall: StallWatch
  readonly checkReader: EventStreamOptions['checkReader']
  readonly toErrorLines: (error: unknown) => string
  /** Called when the stream ends, by either side. */
  readonly close: () => void
  readonly closed: AbortSignal
}

function eventStream(events: AsyncIterator<EventText>, options: StreamOptions): ReadableStream<Uint8Array> {
  const { first, heartbeatMs, stall, checkReader, toErrorLines, close, closed } = options
  const encoder = new TextEncoder()
  let upcoming: StreamOptions['first'] | undefined = first

  /** Resolves with the lines of the next events that are ready; with undefined after the last one. */
  async function nextLines(): Promise<string | undefined> {
    upcoming ??= events.next()
    let next = await raceTimeout(upcoming, heartbeatMs)
    if (next === undefined) return ': hb\n\n'
    let text = ''
    while (next?.done === false) {
      text += eventLines(next.value)
      upcoming = undefined
      if (text.length >= batchLength) break
      upcoming = events.next()
      // If this step fails, the next call throws the error, after the events before it were written.
      next = await Promise.race([upcoming, microtasksDone()]).catch(() => undefined)
    }
    return text === '' ? undefined : text
  }

  /** Resolves as `nextLines` does, if the reader still may read them. */
  async function checkedLines(): Promise<string | undefined> {
    const lines = await nextLines()
    if (lines !== undefined) await checkReader?.().catch(ignoreUnavailable)
    return lines
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stall.drained()
        let isLast = false
        const lines = await checkedLines().catch((error: unknown) => {
          isLast = true
          return closed.aborted ? undefined : toErrorLines(error)
        })
        if (closed.aborted) return
        if (lines !== undefined) {
          const bytes = encoder.encode(lines)
          controller.enqueue(bytes)
          stall.wrote(bytes.byteLength)
          if (!isLast) return
        }
        close()
        controller.close()
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}

/**
 * Returns the lines of an event. A value that a sandbox process wrote may contain line breaks between its tokens, so
 * each line of the value becomes a `data:` line, and none can become another field.
 */
function eventLines({ id, type, json }: EventText): string {
  return `id: ${id}\nevent: ${type}\ndata: ${json.replaceAll(/\r\n?|\n/g, '\ndata: ')}\n\n`
}

function errorLines(body: ErrorBody): string {
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`
}

/** Throws the error again unless it says that the keys can't be read now: a reader keeps what it was granted. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof RequestError && error.code === 'STORE_UNAVAILABLE')) throw error
}

/** Resolves after all pending microtasks, when nothing more can happen without the event loop. */
function microtasksDone(): Promise<undefined> {
  return new Promise((resolve) => nextTick(resolve, undefined))
}
