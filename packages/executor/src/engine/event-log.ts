import { fixedLimits, RequestError, textHead, type ExecutionEvent } from '@codemode/shared'

import type { EventText } from './engine.ts'
import { Fifo } from './fifo.ts'
import { jsonText, withJsonField, type JsonText } from './json-field.ts'
import { heapBytesOf } from './memory-size.ts'

/** The field of an event that comes as JSON text, of the events that have one. */
interface Payloads {
  readonly 'tool.called': { readonly input: string }
  readonly finished: { readonly result: JsonText }
}

type Unstamped<Event> = Event extends unknown ? Omit<Event, 'id' | 'at' | 'executionId' | 'input' | 'result'> : never
type PayloadOf<Type> = Type extends keyof Payloads ? [payload: Payloads[Type]] : []

/**
 * How much of an execution's events is kept for readers that come late or read slowly. It is more than a journal holds, so
 * that tool calls wait here for a client that reads slowly, however large their inputs are.
 */
const maxKeptBytes = fixedLimits.journalBytes + 8 * 1024 * 1024

/** What an event takes in memory besides its text. */
const eventOverheadBytes = 100

/**
 * An execution's events, numbered from 1. Readers pull at their own pace and have no buffer of their own: one that falls
 * behind what is kept is told so.
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

  /** Appends an event; a payload is JSON text that goes into it as it is. The event `finished` is the last. */
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

  /** What is kept takes so much memory. */
  get heapBytes(): number {
    return this.#heapBytes
  }

  /** The events after `after`, until the last one or until the signal aborts. Throws `RequestError` EVENTS_GONE. */
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
