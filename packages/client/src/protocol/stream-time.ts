import type { ExecutionEvent, ExecutionRecord } from '@codemode/shared'

import type { ToolCalledEvent } from './stream-calls.ts'
import { ClockOffset } from '../tools/clock-offset.ts'

/** Milliseconds that an event may have been in transit before the client reads the record to see whether its call is open. */
const freshMs = 1_000

/**
 * Mapping of the times in an execution's events to this machine's clock. It finds calls that arrived late because a
 * proxy buffered the stream or because the stream was resumed: such a call may be settled already.
 */
export class StreamTime {
  readonly #offset = new ClockOffset()
  /** Time of day at zero of the monotonic clock, so that later changes of the system clock have no effect. */
  readonly #originMs = Date.now() - performance.now()
  readonly #sentAt = this.#now()
  /** Ids of calls that the execution's record has shown to be open. */
  readonly #confirmed = new Set<string>()

  /** Records the times of events that have just arrived, all of which are later than the request of the execution. */
  observe(events: readonly ExecutionEvent[]): void {
    const now = this.#now()
    for (const event of events) {
      const at = Date.parse(event.at)
      const since = event.type === 'started' && event.createdAt !== undefined ? Date.parse(event.createdAt) : at
      this.#offset.stampedAfter(since, this.#sentAt)
      this.#offset.stampedBefore(at, now)
    }
  }

  /**
   * Returns the calls that are still open: at once if all of them certainly arrived in time, otherwise by the record of
   * the execution. Calls whose deadline has certainly passed are left out.
   */
  openCalls(
    events: readonly ToolCalledEvent[],
    readRecord: () => Promise<ExecutionRecord>,
  ): readonly ToolCalledEvent[] | Promise<readonly ToolCalledEvent[]> {
    const now = this.#now()
    const candidates = events.filter(
      ({ deadline }) => deadline === undefined || this.#offset.latest(Date.parse(deadline)) > now,
    )
    if (candidates.every((event) => this.#isFresh(event, now))) return candidates
    return this.#confirm(candidates, readRecord)
  }

  /** Returns the milliseconds until the deadline of a call; infinite if it has none. */
  remainingMs({ callId, deadline }: ToolCalledEvent): number {
    if (deadline === undefined) return Infinity
    const due = Date.parse(deadline)
    const remainingMs = this.#offset.estimate(due) - this.#now()
    return remainingMs <= 0 && this.#confirmed.has(callId) ? this.#offset.latest(due) - this.#now() : remainingMs
  }

  #isFresh({ at, deadline }: ToolCalledEvent, now: number): boolean {
    if (now - this.#offset.earliest(Date.parse(at)) > freshMs) return false
    return deadline === undefined || this.#offset.earliest(Date.parse(deadline)) > now
  }

  async #confirm(
    events: readonly ToolCalledEvent[],
    readRecord: () => Promise<ExecutionRecord>,
  ): Promise<readonly ToolCalledEvent[]> {
    const requestedAt = this.#now()
    const { createdAt, usage, toolCalls } = await readRecord()
    // The record's times are those of its creation, which was after the request for it.
    this.#offset.stampedAfter(Date.parse(createdAt) + usage.queueMs + usage.wallMs, requestedAt)
    const open = new Set(toolCalls.flatMap(({ callId, status }) => (status === 'running' ? callId : [])))
    const confirmed = events.filter(({ callId }) => open.has(callId))
    for (const { callId } of confirmed) this.#confirmed.add(callId)
    return confirmed
  }

  #now(): number {
    return this.#originMs + performance.now()
  }
}
