// Client side of at-most-once execution. The executor's side is packages/executor/src/engine/attached/at-most-once.ts, and the
// reasoning is in design/retries.md.
import { ambiguousRefusalSchema, formatKnownReading, readingOf, type InstanceReading } from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'

/** Maximum number of refused readings that one attempt replaces; after one more it fails, and a backoff follows. */
const maxRefusals = 3

interface AtMostOnceOptions {
  /** Called to get the latest reading of the executor's clock; requests one if there is none. */
  readonly reading: () => Promise<InstanceReading | undefined>
}

/**
 * State of the attempts to create one execution, all of which name the same reading of one executor instance. Only that
 * instance may run the code, and only while it remembers every execution since the reading. A new reading is used only
 * if it is certain that no earlier attempt has run the code or will run it.
 */
export class AtMostOnce {
  readonly #options: AtMostOnceOptions
  /**
   * Reading that the attempts name. Undefined before the first attempt, and if the executor has sent none; an attempt
   * then names `none`, and no executor runs its code.
   */
  #known: InstanceReading | undefined
  #mayHaveArrived = false

  constructor(options: AtMostOnceOptions) {
    this.#options = options
  }

  /**
   * Makes an attempt with a value for the header `x-codemode-known`. If it is refused with a new reading, makes another
   * one at once, which names that reading.
   */
  async sendOnce<T>(send: (known: string) => Promise<T>): Promise<T> {
    for (let refusals = 0; ; refusals += 1) {
      if (!this.#mayHaveArrived) this.#known ??= await this.#options.reading()
      const known = this.#known
      const elapsedMs = startStopwatch()
      try {
        return await send(formatKnownReading(known ?? 'none'))
      } catch (error) {
        const fresh = this.#mayHaveArrived ? undefined : readingIfNotRun(error, known, elapsedMs())
        if (fresh !== undefined && refusals < maxRefusals) {
          this.#known = fresh
          continue
        }
        this.#recordFailure(error, fresh)
        throw fresh === undefined ? error : unstableReading(error as ExecutorClientError)
      }
    }
  }

  #recordFailure(error: unknown, fresh: InstanceReading | undefined): void {
    // An aborted attempt fails with the reason of its signal, which may be any value, and may have arrived.
    const isSafe = fresh !== undefined || (error instanceof ExecutorClientError && !error.ambiguous)
    if (!isSafe) this.#mayHaveArrived = true
    if (!this.#mayHaveArrived) this.#known = fresh
  }
}

/**
 * Returns the reading in a refusal if that proves that the attempt, sent so many milliseconds ago, has not run and will
 * not run. There are three cases: the attempt named no instance; another instance answered that was up before it was
 * sent, so the named one was gone; or the named instance answered and still knows all executions since then. The
 * refusal alone is no proof, since a proxy may have sent the attempt twice.
 */
function readingIfNotRun(
  error: unknown,
  known: InstanceReading | undefined,
  elapsedMs: number,
): InstanceReading | undefined {
  if (!(error instanceof ExecutorClientError) || error.code !== 'OUTCOME_AMBIGUOUS') return undefined
  const { data: refusal } = ambiguousRefusalSchema.safeParse(error.details)
  if (refusal === undefined) return undefined
  const { instance, clockMs, remembersSinceMs } = refusal
  const earliestSentAtMs = clockMs - elapsedMs
  return known === undefined || remembersSinceMs <= earliestSentAtMs ? { instance, clockMs } : undefined
}

/**
 * Starts a stopwatch. Returns a function that returns the elapsed milliseconds by the clock that shows more: the
 * monotonic clock stops while the machine sleeps, and the system clock may be set back.
 */
function startStopwatch(): () => number {
  const [startedAt, startedAtDate] = [performance.now(), Date.now()]
  return () => Math.max(performance.now() - startedAt, Date.now() - startedAtDate)
}

/** Returns the error for an executor that refuses every reading although the code has not run. */
function unstableReading(refusal: ExecutorClientError): ExecutorConnectionError {
  const { executionId, correlationId } = refusal
  const message =
    `The executor refused ${maxRefusals + 1} readings of its clock in a row: executorUrl leads to alternating instances, ` +
    'or the executor drops ended executions too early'
  return new ExecutorConnectionError(message, {
    executionId,
    correlationId,
    cause: refusal,
    suggestion:
      'Route requests by the header x-codemode-execution-id, and raise retainMs and retainCount of the executor.',
  })
}

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
