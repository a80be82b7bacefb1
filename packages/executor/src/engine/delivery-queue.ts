import { maxTimerMs, type Delivery } from '@codemode/shared'

import { Fifo } from './fifo.ts'

/**
 * Queue of the deliveries to one guest: answers in the order of their arrival, and the tick of its next timer. It decides
 * only which delivery is next; the loop of the execution performs it.
 */
export class DeliveryQueue {
  readonly #answers = new Fifo<{ call: number; arrivedAt: number }>()
  readonly #now: () => number
  #timerAt: number | null = null
  #closed = false
  #wake: (() => void) | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  /** Adds an answer that has arrived. */
  addAnswer(call: number, arrivedAt: number): void {
    this.#answers.add({ call, arrivedAt })
    this.#wake?.()
  }

  /** Sets the time at which the guest's next timer is due; `null` if it has no timer. */
  setTimer(at: number | null): void {
    this.#timerAt = at
  }

  /** Ends all deliveries. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  get hasTimer(): boolean {
    return this.#timerAt !== null
  }

  /**
   * Takes the delivery that is due, if there is one. A timer precedes an answer that arrived after the timer was due.
   */
  takeDue(): Delivery | undefined {
    const answer = this.#answers.at(0)
    const isTimerDue = this.#timerAt !== null && this.#timerAt <= this.#now()
    if (isTimerDue && (answer === undefined || this.#timerAt! <= answer.arrivedAt)) return { kind: 'tick' }
    if (answer === undefined) return undefined
    this.#answers.take()
    return { kind: 'answer', call: answer.call }
  }

  /** Resolves with the next delivery when it is due, or with undefined when the queue is closed. */
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
