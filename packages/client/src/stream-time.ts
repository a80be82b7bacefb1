import type { ExecutionEvent, ExecutionRecord } from '@codemode/shared'

import type { Called } from './stream-calls.ts'
import { ClockOffset } from './tools/clock-offset.ts'

/** Milliseconds after which an event that may have been under way for longer is no longer relied on. */
const freshMs = 1_000

/**
 * Relates the times of an execution's events to this machine's clock, to find calls that came late because a proxy held
 * the stream back, or because it was resumed: such a call may have been settled since.
 */
export class StreamTime {
  readonly #offset = new ClockOffset()
  /** The time of day when the execution was sent, and from then on the monotonic clock. */
  readonly #originMs = Date.now() - performance.now()
  readonly #sentAt = this.#now()
  /** Calls that the executor has said to be open when their deadline was over by this machine's estimate. */
  readonly #confirmed = new Set<string>()

  /** Notes the times of events that have just arrived. All of them are later than the request for their execution. */
  note(events: readonly ExecutionEvent[]): void {
    const now = this.#now()
    for (const event of events) {
      const at = Date.parse(event.at)
      const since = event.type === 'started' && event.createdAt !== undefined ? Date.parse(event.createdAt) : at
      this.#offset.stampedAfter(since, this.#sentAt)
      this.#offset.stampedBefore(at, now)
    }
  }

  /**
   * Returns those of the calls that are still open: at once if all of them surely came in time, otherwise as the record
   * of the execution says. A call whose deadline has surely passed is not asked for.
   */
  openCalls(
    events: readonly Called[],
    readRecord: () => Promise<ExecutionRecord>,
  ): readonly Called[] | Promise<readonly Called[]> {
    const now = this.#now()
    const candidates = events.filter(({ deadline }) => this.#offset.latest(Date.parse(deadline)) > now)
    if (candidates.every((event) => this.#isFresh(event, now))) return candidates
    return this.#confirm(candidates, readRecord)
  }

  /** Returns the time that is left of a call, in milliseconds. */
  remainingMs({ callId, deadline }: Called): number {
    const due = Date.parse(deadline)
    const remainingMs = this.#offset.estimate(due) - this.#now()
    return remainingMs <= 0 && this.#confirmed.has(callId) ? this.#offset.latest(due) - this.#now() : remainingMs
  }

  #isFresh({ at, deadline }: Called, now: number): boolean {
    return now - this.#offset.earliest(Date.parse(at)) <= freshMs && this.#offset.earliest(Date.parse(deadline)) > now
  }

  async #confirm(events: readonly Called[], readRecord: () => Promise<ExecutionRecord>): Promise<readonly Called[]> {
    const askedAt = this.#now()
    const { createdAt, usage, toolCalls } = await readRecord()
    // The record's times are as of its making, which was after it was asked for.
    this.#offset.stampedAfter(Date.parse(createdAt) + usage.queueMs + usage.wallMs, askedAt)
    const open = new Set(toolCalls.flatMap(({ callId, status }) => (status === 'running' ? callId : [])))
    const confirmed = events.filter(({ callId }) => open.has(callId))
    for (const { callId } of confirmed) this.#confirmed.add(callId)
    return confirmed
  }

  #now(): number {
    return this.#originMs + performance.now()
  }
}
