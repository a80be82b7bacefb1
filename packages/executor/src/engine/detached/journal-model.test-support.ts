// Model of the journal of a detached execution, which shares no code with the executor: a second description of what a
// journal may consist of, and of the state that it stands for.
import type { Delivery, JournalEntry } from '@codemode/shared'
import { expect } from 'vitest'

/** Model of one journal. */
export class JournalModel {
  /** Names of the nodes that have claimed the execution, in order. */
  readonly claims: string[] = []
  /** Number of the last claim. */
  epoch = 0
  readonly made = new Set<number>()
  /** Calls that have no answer. */
  readonly open = new Set<number>()
  isParked = false
  /** Outcome of the execution: a status, and its error code. */
  end: { readonly status: string; readonly code?: string | undefined } | undefined
  /** Calls whose answers the guest has not received, in the order of their arrival. */
  readonly #arrived: number[] = []
  #hasRun = false
  #timerAt: number | null = null
  #lastAt = 0
  #lastTurnAt = 0

  /** Adds the next entry. Fails the test if it may not follow. */
  add(entry: JournalEntry): void {
    expect(this.end, 'an entry after the end').toBeUndefined()
    // A turn begins before the answers that arrive while it runs, and its entry is written after theirs.
    const at = entry.type === 'turn' ? entry.endedAt : entry.at
    expect(at, 'the time of an entry').toBeGreaterThanOrEqual(this.#lastAt)
    if (entry.type === 'turn') {
      expect(entry.at, 'the time of a turn').toBeGreaterThanOrEqual(this.#lastTurnAt)
      this.#lastTurnAt = entry.endedAt
    }
    this.#lastAt = at
    if (entry.type === 'claim') {
      // A node that crashes before this entry leaves a gap.
      expect(entry.epoch, 'the number of a claim').toBeGreaterThan(this.epoch)
      this.epoch = entry.epoch
      this.claims.push(entry.node)
      this.isParked = false
      return
    }
    expect(this.isParked, 'an entry of a parked execution').toBe(false)
    if (entry.type === 'park') this.isParked = true
    if (entry.type === 'answer') {
      expect(this.open.delete(entry.call), 'an answer to an open call').toBe(true)
      this.#arrived.push(entry.call)
    }
    if (entry.type === 'end') this.end = { status: statusOf(entry.error.code), code: entry.error.code }
    if (entry.type === 'turn') {
      this.#deliver(entry.delivery, entry.at)
      this.#timerAt = entry.effects.nextTimerAt
      for (const { call } of entry.effects.calls) {
        expect(call).toBe(this.made.size + 1)
        this.made.add(call)
        this.open.add(call)
      }
      if (entry.effects.end !== undefined) this.end = { status: entry.effects.end.ok ? 'completed' : 'failed' }
    }
    if (this.end !== undefined) this.open.clear()
  }

  get status(): string {
    if (this.end !== undefined) return this.end.status
    if (this.isParked) return 'waiting'
    if (this.claims.length === 0) return 'queued'
    if (!this.#hasRun || this.#arrived.length > 0) return 'running'
    return this.open.size > 0 || this.#timerAt !== null ? 'waiting' : 'running'
  }

  #deliver(delivery: Delivery, at: number): void {
    if (delivery.kind === 'start') expect(this.#hasRun).toBe(false)
    if (delivery.kind === 'tick') expect(this.#timerAt ?? Infinity, 'the time of a timer').toBeLessThanOrEqual(at)
    if (delivery.kind === 'answer') expect(delivery.call).toBe(this.#arrived.shift())
    this.#hasRun = true
  }
}

function statusOf(code: string): string {
  return code === 'CANCELLED' ? 'cancelled' : 'failed'
}
