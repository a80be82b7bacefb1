import { maxTimerMs } from '@codemode/shared'

/** Wait of one execution's loop for the next delivery. */
export class WakeUp {
  #wake: (() => void) | undefined

  /** Resolves after `wake` is called, or after `delayMs` milliseconds if they are given. */
  async wait(delayMs: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = delayMs === undefined ? undefined : setTimeout(resolve, Math.min(maxTimerMs, Math.max(0, delayMs)))
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }

  /** Ends the wait, if there is one. */
  wake(): void {
    this.#wake?.()
  }
}
