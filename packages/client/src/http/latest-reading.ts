import { readingOf, type InstanceReading } from '@codemode/shared'

/**
 * The latest reading of an executor's clock among the answers at one URL. Several instances may answer there, after a
 * restart or behind a load balancer; the one that answered last is the best guess for the next request.
 */
export class LatestReading {
  #reading: InstanceReading | undefined

  /** The reading; undefined before the first answer of an executor, and after `forget`. */
  get current(): InstanceReading | undefined {
    return this.#reading
  }

  /** Takes the reading from the headers of an answer. Returns whether there was one. */
  observe(headers: Readonly<Record<string, unknown>>): boolean {
    const reading = readingOf(headers)
    if (reading === undefined) return false
    const { instance, clockMs } = this.#reading ?? {}
    // Answers may overtake each other.
    if (reading.instance !== instance || reading.clockMs > clockMs!) this.#reading = reading
    return true
  }

  /** Drops the reading: the instance could not be reached, so another one will probably answer next. */
  forget(): void {
    this.#reading = undefined
  }
}
