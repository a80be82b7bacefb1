import { readingOf, type InstanceReading } from '@codemode/shared'

/**
 * Latest reading of an executor's clock among the responses from one URL. Several instances may answer there, after a
 * restart or behind a load balancer; the one that answered last is the most likely to answer next.
 */
export class LatestReading {
  #reading: InstanceReading | undefined

  /** Latest reading; undefined before the first response of an executor, and after `forget`. */
  get current(): InstanceReading | undefined {
    return this.#reading
  }

  /** Takes the reading from the headers of a response. Returns whether there was one. */
  observe(headers: Readonly<Record<string, unknown>>): boolean {
    const reading = readingOf(headers)
    if (reading === undefined) return false
    const { instance, clockMs } = this.#reading ?? {}
    // Responses may arrive out of order.
    if (reading.instance !== instance || reading.clockMs > clockMs!) this.#reading = reading
    return true
  }

  /** Drops the reading, because the instance could not be reached and another one will probably answer next. */
  forget(): void {
    this.#reading = undefined
  }
}
