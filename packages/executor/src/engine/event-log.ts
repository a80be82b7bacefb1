import { fixedLimits, RequestError, type ExecutionEvent } from '@codemode/shared'

type WithoutStamp<Event> = Event extends unknown ? Omit<Event, 'id' | 'at' | 'executionId'> : never

/**
 * How much of an execution's events is kept for readers that come late or read slowly. It is more than a journal holds, so
 * that tool calls wait here for a client that reads slowly, however large their inputs are.
 */
const maxKeptBytes = fixedLimits.journalBytes + 8 * 1024 * 1024

/** What an event takes besides its texts. */
const eventOverheadBytes = 200

/**
 * An execution's events, numbered from 1. Readers pull at their own pace and have no buffer of their own: one that falls
 * behind what is kept is told so.
 */
export class EventLog {
  readonly #executionId: string
  readonly #kept: { event: ExecutionEvent; bytes: number }[] = []
  #firstKept = 1
  #keptBytes = 0
  #ended = false
  #wake = Promise.withResolvers<void>()

  constructor(executionId: string) {
    this.#executionId = executionId
  }

  /** Appends an event; `textBytes` is the size of the payload that it carries. The event `finished` is the last. */
  append(event: WithoutStamp<ExecutionEvent>, at: number, textBytes = 0): void {
    const id = String(this.#firstKept + this.#kept.length)
    const bytes = textBytes + eventOverheadBytes
    this.#kept.push({
      event: { ...event, id, at: new Date(at).toISOString(), executionId: this.#executionId },
      bytes,
    })
    this.#keptBytes += bytes
    this.#ended = event.type === 'finished'
    this.#forgetOldest()
    this.#wakeReaders()
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** The events after `after`, until the last one or until the signal aborts. Throws `RequestError` EVENTS_GONE. */
  async *read({ after, signal }: { after?: string; signal: AbortSignal }): AsyncGenerator<ExecutionEvent> {
    let next = this.#checkedPosition(after) + 1
    const wake = (): void => this.#wakeReaders()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        if (next < this.#firstKept) throw eventsGone(next, this.#firstKept)
        const kept = this.#kept[next - this.#firstKept]
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
    if (position < 0 || position >= this.#firstKept + this.#kept.length) {
      throw new RequestError('INVALID_REQUEST', `There is no event ${after.slice(0, 40)} in this execution`, {
        suggestion: 'Send the id of the last event that was received, or leave last-event-id out.',
      })
    }
    return position
  }

  #forgetOldest(): void {
    while (this.#keptBytes > maxKeptBytes && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()!.bytes
      this.#firstKept += 1
    }
  }
}

function eventsGone(wanted: number, oldest: number): RequestError {
  return new RequestError('EVENTS_GONE', `Event ${wanted} is no longer kept; the oldest is ${oldest}`, {
    details: { oldest },
    suggestion: 'Read the record with GET /v1/executions/:id, and follow the events from the oldest on.',
  })
}
