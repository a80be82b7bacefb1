import type { Permit } from '../attached/admission.ts'

/** Permit of a session's step: it is requested from admission control when all earlier steps have ended. */
export class StepPermit implements Permit {
  readonly admitted: Promise<void>
  #permit: Permit | undefined
  #isReleased = false

  constructor(earlierSteps: Promise<void>, requestPermit: () => Permit) {
    this.admitted = this.#request(earlierSteps, requestPermit)
  }

  started(): void {
    this.#permit?.started()
  }

  release(): void {
    this.#isReleased = true
    this.#permit?.release()
  }

  async #request(earlierSteps: Promise<void>, requestPermit: () => Permit): Promise<void> {
    await earlierSteps
    // A step that was cancelled in the queue never runs.
    if (this.#isReleased) return new Promise(() => {})
    this.#permit = requestPermit()
    return this.#permit.admitted
  }
}
