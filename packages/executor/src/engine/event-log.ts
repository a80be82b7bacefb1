import { fixedLimits, RequestError, type ExecutionEvent } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type { EventText } from './engine.ts'
import { Fifo } from './fifo.ts'
import { jsonText, withJsonField, type JsonText } from './json-field.ts'
import { heapBytesOf } from './memory-size.ts'

/** Payload fields, which are JSON text already, by event type. */
interface Payloads {
  readonly 'tool.called': { readonly input: string }
  readonly finished: { readonly result: JsonText }
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'id' | 'at' | 'executionId' | 'input' | 'result'> : never
type PayloadOf<Type> = Type extends keyof Payloads ? [payload: Payloads[Type]] : []

/**
 * Maximum bytes of an execution's events that are kept for late or slow readers. It exceeds the size of a journal, so
 * that tool calls stay available to a client that reads slowly, however large their inputs are.
 */
const maxKeptBytes = fixedLimits.journalBytes + 8 * 1024 * 1024

/** Memory that an event takes in addition to its text, in bytes. */
const eventOverheadBytes = 100

/**
 * The events of one execution, numbered from 1. Readers pull at their own pace and have no buffers; one that needs an
 * event that is no longer kept gets an error.
 */
export class EventLog {
  readonly #executionId: string
  readonly #kept = new Fifo<{ event: EventText; bytes: number; heapBytes: number }>()
  #firstKept = 1
  #keptBytes = 0
  #heapBytes = 0
  #ended = false
  #wake = Promise.withResolvers<void>()

  constructor(executionId: string) {
    this.#executionId = executionId
  }

  /** Appends an event. A payload is JSON text, which is inserted unchanged. The event `finished` is the last one. */
  append<Event extends Unstamped<ExecutionEvent>>(
    event: Event,
    at: number,
    ...[payload]: PayloadOf<Event['type']>
  ): void {
    const id = String(this.#firstKept + this.#kept.size)
    const stamped = { ...event, id, at: new Date(at).toISOString(), executionId: this.#executionId }
    const [field] = Object.entries((payload ?? {}) as Record<string, string | JsonText>)
    const { text: json, sizeBytes } =
      field === undefined ? jsonText(JSON.stringify(stamped)) : withField(stamped, field)
    const kept = {
      event: { id, type: event.type, json },
      bytes: sizeBytes + eventOverheadBytes,
      heapBytes: heapBytesOf(json, sizeBytes) + eventOverheadBytes,
    }
    this.#kept.add(kept)
    this.#keptBytes += kept.bytes
    this.#heapBytes += kept.heapBytes
    this.#ended = event.type === 'finished'
    this.#forgetOldest()
    this.#wakeReaders()
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Memory that the kept events take, in bytes. */
  get heapBytes(): number {
    return this.#heapBytes
  }

  /**
   * Yields the events after `after`, until the last one or until the signal aborts. Throws `RequestError` EVENTS_GONE
   * when the next event is no longer kept, and INVALID_REQUEST when `after` is no id of an event.
   */
  async *read({ after, signal }: { after?: string; signal: AbortSignal }): AsyncGenerator<EventText> {
    let next = this.#checkedPosition(after) + 1
    const wake = (): void => this.#wakeReaders()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        if (next < this.#firstKept) throw eventsGone(next, this.#firstKept)
        const kept = this.#kept.at(next - this.#firstKept)
        if (kept !== undefined) {
          next += 1
          yield kept.event
        } else if (this.#ended) return
        else await this.#wake.promise
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  #wakeReaders(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  #checkedPosition(after: string | undefined): number {
    if (after === undefined) return 0
    const position = /^\d{1,15}$/.test(after) ? Number(after) : -1
    if (position < 0 || position >= this.#firstKept + this.#kept.size) {
      throw new RequestError('INVALID_REQUEST', `There is no event ${textHead(after, 40)} in this execution`, {
        suggestion: 'Send the id of the last event that was received, or leave last-event-id out.',
      })
    }
    return position
  }

  #forgetOldest(): void {
    while (this.#keptBytes > maxKeptBytes && this.#kept.size > 1) {
      const { bytes, heapBytes } = this.#kept.take()!
      this.#keptBytes -= bytes
      this.#heapBytes -= heapBytes
      this.#firstKept += 1
    }
  }
}

function withField(event: object, [name, json]: [name: string, json: string | JsonText]): JsonText {
  return withJsonField(event, name, typeof json === 'string' ? jsonText(json) : json)
}

function eventsGone(wanted: number, oldest: number): RequestError {
  return new RequestError('EVENTS_GONE', `Event ${wanted} is no longer kept; the oldest is ${oldest}`, {
    details: { oldest },
    suggestion: 'Read the record with GET /v1/executions/:id, and follow the events from the oldest on.',
  })
}
