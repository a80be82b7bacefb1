import type { ExecutionFailure } from '@codemode/shared'

import type { ExecutionState } from '../state/execution-state.ts'
import type { CallEntries } from './call-entries.ts'
import type { JournalWriter } from './journal-writer.ts'
import type { Parking } from './runner-options.ts'
import type { WakeUp } from './wake-up.ts'

/** Milliseconds after which a refused park is tried again. */
const retryMs = 200

interface ParkerOptions {
  /** Absent for an execution that stays on its node. */
  readonly parking: Parking | undefined
  readonly state: ExecutionState
  readonly writer: Pick<JournalWriter, 'entries' | 'writeBy'>
  readonly callEntries: Pick<CallEntries, 'nextDueAt'>
  readonly wakeUp: WakeUp
  readonly now: () => number
  /** Returns the time of the next entry. */
  readonly at: () => number
  /** Called when the execution was parked. */
  readonly onParked: () => void
}

/** Part of a runner that waits for the next delivery, and parks an execution that only waits. */
export class Parker {
  readonly #options: ParkerOptions
  /** True if no entry was written during the last wait. */
  #isQuiet = false

  constructor(options: ParkerOptions) {
    this.#options = options
  }

  /** Waits until the runner is woken, the next timer or deadline is due, or the execution is to be parked. */
  async wait(): Promise<void> {
    const { writer, wakeUp, now } = this.#options
    // An execution that has just been refused to be parked is parked soon.
    const parkMs = this.#delayMs()
    const parkedMs = parkMs === undefined ? Infinity : Math.max(parkMs, retryMs)
    const waitMs = Math.min(this.#nextDueAt - now(), parkedMs)
    const since = writer.entries
    await wakeUp.wait(waitMs === Infinity ? undefined : waitMs)
    this.#isQuiet = since === writer.entries
  }

  /** Parks an execution that only waits. Resolves with false if it stays here. */
  async park(): Promise<boolean> {
    const delayMs = this.#delayMs()
    if (delayMs === undefined || (delayMs > 0 && !this.#isQuiet)) return false
    const until = this.#nextDueAt
    return this.#parkWith(until === Infinity ? {} : { until })
  }

  /** Parks an execution until an operator attends to a failure. Resolves with false, after a while, if that was refused. */
  async parkForAttention(attention: ExecutionFailure): Promise<boolean> {
    if (await this.#parkWith({ attention })) return true
    await this.#options.wakeUp.wait(retryMs)
    return false
  }

  async #parkWith(reason: { readonly until?: number; readonly attention?: ExecutionFailure }): Promise<boolean> {
    const { parking, writer, at, onParked } = this.#options
    const isParked = await writer.writeBy(() => parking!.park({ type: 'park', at: at(), ...reason }))
    if (isParked) onParked()
    return isParked
  }

  /** Time at which a timer or the deadline of a held call is due; `Infinity` if there is none. */
  get #nextDueAt(): number {
    const { state, callEntries } = this.#options
    return Math.min(state.timerAt ?? Infinity, callEntries.nextDueAt)
  }

  /** Milliseconds after which the execution is to be parked if it waits until then; undefined if it stays here. */
  #delayMs(): number | undefined {
    const { parking, state } = this.#options
    return parking !== undefined && state.canBeParked ? parking.delayMs(this.#nextDueAt) : undefined
  }
}
