import { failedResultOf, type EndedExecution } from '../run/execution-result.ts'
import type { ClientRun, StepOfRun } from '../run/client-run.ts'

/** Step that a `Session` has added. */
export interface AddedStep {
  readonly run: ClientRun
  /** Result of the step; a request that failed becomes a failed result. Never rejects. */
  readonly settled: Promise<EndedExecution>
  /** Value of `settled`, once it is there. */
  ended?: EndedExecution
}

/**
 * Steps that one `Session` has added. Each is sent when the executor has accepted the one before, so that it accepts them in
 * the order of the calls.
 */
export class SessionSteps {
  readonly #all: AddedStep[] = []
  /** Index of the first step since the last reset. */
  #first = 0
  /** Resolves when the executor has accepted the steps so far, and the resets before them are done. */
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #changed = Promise.withResolvers<void>()

  /** Steps since the last reset. */
  get current(): readonly AddedStep[] {
    return this.#all.slice(this.#first)
  }

  /** Adds a step, which `start` starts in its turn. */
  add(start: (place: Omit<StepOfRun, 'session'>) => ClientRun): AddedStep {
    const earlier = this.#all.length
    const run = start({ turn: this.#turn, earlierStepsMs: () => this.#remainingMs(earlier) })
    const step: AddedStep = { run, settled: settledOf(run) }
    void step.settled.then((result) => (step.ended = result))
    this.#turn = this.#turn.then(() => run.accepted.catch(() => {}))
    this.#all.push(step)
    this.#change()
    return step
  }

  find(executionId: string): AddedStep | undefined {
    return this.#all.find(({ run }) => run.plan.request.id === executionId)
  }

  /** Performs `reset` when all steps so far have ended, and before the next step. */
  reset<Result>(reset: () => Promise<Result>): Promise<Result> {
    const last = this.#all.length
    const done = this.#turn.then(() => this.#settledUntil(last)).then(reset)
    // Later steps run also if the reset failed: their caller has its error.
    this.#turn = done.then(
      () => void (this.#first = last),
      () => {},
    )
    return done
  }

  /** Yields the steps in their order, those that are added later too, until `close` is called. */
  async *follow(): AsyncGenerator<AddedStep, void> {
    for (let n = 0; ; n += 1) {
      while (n >= this.#all.length) {
        if (this.#isClosed) return
        await this.#changed.promise
      }
      yield this.#all[n]!
    }
  }

  /** Ends what `follow` yields after the steps so far. */
  close(): void {
    this.#isClosed = true
    this.#change()
  }

  /** Returns the milliseconds that the first steps, which have not ended, may take. */
  #remainingMs(count: number): number {
    const underWay = this.#all.slice(0, count).filter(({ ended }) => ended === undefined)
    return underWay.reduce((sum, { run }) => sum + run.plan.requestTimeoutMs, 0)
  }

  async #settledUntil(count: number): Promise<void> {
    await Promise.all(this.#all.slice(0, count).map(({ settled }) => settled))
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

async function settledOf({ result, plan: { request, correlationId } }: ClientRun): Promise<EndedExecution> {
  try {
    // A step is never paused: its session stays at its executor.
    return (await result) as EndedExecution
  } catch (error) {
    return failedResultOf(error, { executionId: request.id, correlationId })
  }
}
