import { maxTimerMs, type Delivery } from '@codemode/shared'

import { Fifo } from './fifo.ts'

/**
 * What waits to be delivered to one guest: answers in the order of their arrival, and the tick of its next timer. Only
 * the next delivery is decided here; that it happens is the business of the execution's loop.
 */
export class Inbox {
  readonly #answers = new Fifo<{ call: number; arrivedAt: number }>()
  readonly #now: () => number
  #timerAt: number | null = null
  #closed = false
  #wake: (() => void) | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  /** An answer has arrived. */
  addAnswer(call: number, arrivedAt: number): void {
    this.#answers.add({ call, arrivedAt })
    this.#wake?.()
  }

  /** The guest's next timer is due then, or there is none. */
  setTimer(at: number | null): void {
    this.#timerAt = at
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  get hasTimer(): boolean {
    return this.#timerAt !== null
  }

  /** What can be delivered now, if anything. A timer goes before an answer that arrived after it was due. */
  takeDue(): Delivery | undefined {
    const answer = this.#answers.at(0)
    const isTimerDue = this.#timerAt !== null && this.#timerAt <= this.#now()
    if (isTimerDue && (answer === undefined || this.#timerAt! <= answer.arrivedAt)) return { kind: 'tick' }
    if (answer === undefined) return undefined
    this.#answers.take()
    return { kind: 'answer', call: answer.call }
  }

  /** Resolves with the next delivery when it is due, or with undefined when the inbox is closed. */
  async next(): Promise<Delivery | undefined> {
    for (;;) {
      if (this.#closed) return undefined
      const due = this.takeDue()
      if (due) return due
      await this.#change()
    }
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const delay = this.#timerAt === null ? undefined : Math.min(maxTimerMs, Math.max(0, this.#timerAt - this.#now()))
    const timer = delay === undefined ? undefined : setTimeout(resolve, delay)
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
