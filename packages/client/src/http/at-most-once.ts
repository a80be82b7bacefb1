// The client's half of at-most-once; the executor's is in packages/executor/src/engine/at-most-once.ts.
import { ambiguousRefusalSchema, formatKnownReading, type InstanceReading } from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'

/** Number of refused readings after which an attempt fails, so that the next one comes after a backoff. */
const maxRefusals = 3

interface AtMostOnceOptions {
  /** Returns the latest reading of the executor's clock; asks the executor if there is none. */
  readonly reading: () => Promise<InstanceReading | undefined>
}

/**
 * The attempts to create one execution, all of which name the same reading of one executor instance. Only that instance
 * may run the code, and only while it remembers what it has run since the reading. A new reading is taken only when it is
 * certain that no earlier attempt has run the code, and that none will.
 */
export class AtMostOnce {
  readonly #options: AtMostOnceOptions
  /** Undefined before an attempt, and if no executor has told its reading: then no executor runs the code. */
  #known: InstanceReading | undefined
  #mayHaveArrived = false

  constructor(options: AtMostOnceOptions) {
    this.#options = options
  }

  /** Makes an attempt with the value of the header `x-codemode-known`; again at once with a new reading, if it is refused. */
  async attempt<T>(send: (known: string) => Promise<T>): Promise<T> {
    for (let refusals = 0; ; refusals += 1) {
      if (!this.#mayHaveArrived) this.#known ??= await this.#options.reading()
      const known = this.#known
      const sentAt = performance.now()
      try {
        return await send(formatKnownReading(known ?? 'none'))
      } catch (error) {
        const fresh = this.#mayHaveArrived ? undefined : readingIfNotRun(error, known, sentAt)
        if (fresh !== undefined && refusals < maxRefusals) {
          this.#known = fresh
          continue
        }
        this.#noteFailure(error, fresh)
        throw fresh === undefined ? error : keepsMoving(error as ExecutorClientError)
      }
    }
  }

  #noteFailure(error: unknown, fresh: InstanceReading | undefined): void {
    // An attempt that was aborted fails with the reason of its signal.
    const isSafe = fresh !== undefined || (error instanceof ExecutorClientError && !error.ambiguous)
    if (!isSafe) this.#mayHaveArrived = true
    if (!this.#mayHaveArrived) this.#known = fresh
  }
}

/**
 * Returns the reading in a refusal if it proves that the attempt, sent at `sentAt`, has not run and will not run: it named
 * no instance; or the instance that answered was up before, so that the one it named was gone; or it was the named
 * one, which still knows all that it has run since. A proxy may have repeated the attempt, so the answer alone is no proof.
 */
function readingIfNotRun(
  error: unknown,
  known: InstanceReading | undefined,
  sentAt: number,
): InstanceReading | undefined {
  if (!(error instanceof ExecutorClientError) || error.code !== 'OUTCOME_AMBIGUOUS') return undefined
  const { data: refusal } = ambiguousRefusalSchema.safeParse(error.details)
  if (refusal === undefined) return undefined
  const { instance, clockMs, remembersSinceMs } = refusal
  const earliestSentAtMs = clockMs - (performance.now() - sentAt)
  return known === undefined || remembersSinceMs <= earliestSentAtMs ? { instance, clockMs } : undefined
}

/** Returns the error for an executor that refuses each reading, although the code has not run. */
function keepsMoving(refusal: ExecutorClientError): ExecutorConnectionError {
  const { executionId, correlationId } = refusal
  const message =
    `The executor refused ${maxRefusals + 1} readings of its clock in a row: its URL leads to changing instances, ` +
    'or it forgets ended executions too soon'
  return new ExecutorConnectionError(message, {
    executionId,
    correlationId,
    cause: refusal,
    suggestion: 'Route requests by x-codemode-execution-id; raise retainMs and retainCount of the executor.',
  })
}
