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

/** Maximum number of steps of one `Session` that are at the executor at a time, which bounds its connections. */
const maxSent = 32

/**
 * Steps that one `Session` has added. Each is sent when the executor has accepted the one before, so that it accepts them in
 * the order of the calls.
 */
export class SessionSteps {
  /** True for the steps of a durable session. Their requests do not wait for earlier steps, and the client reads the events of each. */
  readonly #isDurable: boolean
  #current: AddedStep[] = []
  /** Steps that each reader of `follow` has not taken yet. */
  readonly #followers = new Set<AddedStep[]>()
  /** Resolves when the executor has accepted the steps so far, and the resets before them are done. */
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #changed = Promise.withResolvers<void>()

  constructor({ isDurable }: { readonly isDurable: boolean }) {
    this.#isDurable = isDurable
  }

  /** Steps since the last reset. */
  get current(): readonly AddedStep[] {
    return this.#current
  }

  /** Adds a step, which `start` starts in its turn. `hasHandle` says whether the caller gets its execution. */
  add(hasHandle: boolean, start: (place: Omit<StepOfRun, 'session'>) => ClientRun): AddedStep {
    const before = this.#current.at(-maxSent)
    const run = start({
      turn: before === undefined ? this.#turn : Promise.all([this.#turn, before.settled]),
      earlierStepsMs: () => (this.#isDurable ? 0 : this.#msBefore(run)),
      readsEvents: () => this.#isDurable || hasHandle || this.#msBefore(run) > 0,
    })
    const step: AddedStep = { run, settled: settledOf(run) }
    void step.settled.then((result) => (step.ended = result))
    this.#turn = this.#turn.then(() => run.accepted.catch(() => {}))
    this.#current.push(step)
    for (const follower of this.#followers) follower.push(step)
    this.#change()
    return step
  }

  find(executionId: string): AddedStep | undefined {
    return this.#current.find(({ run }) => run.plan.request.id === executionId)
  }

  /** Performs `reset` when all steps so far have ended, and before the next step. The steps so far are forgotten then. */
  reset(reset: () => Promise<unknown>): Promise<void> {
    const steps = new Set(this.#current)
    const done = this.#turn.then(async () => {
      await Promise.all(Array.from(steps, ({ settled }) => settled))
      await reset()
      this.#current = this.#current.filter((step) => !steps.has(step))
    })
    // Later steps run also if the reset failed: its caller has the error.
    this.#turn = done.catch(() => {})
    return done
  }

  /** Yields the steps since the last reset in their order, those that are added later too, until `close` is called. */
  async *follow(): AsyncGenerator<AddedStep, void> {
    const left = [...this.#current]
    this.#followers.add(left)
    try {
      for (;;) {
        const step = left.shift()
        if (step !== undefined) yield step
        else if (this.#isClosed) return
        else await this.#changed.promise
      }
    } finally {
      this.#followers.delete(left)
    }
  }

  /** Ends what `follow` yields after the steps so far. */
  close(): void {
    this.#isClosed = true
    this.#change()
  }

  /** Returns the milliseconds that the steps before the given one may still take. */
  #msBefore(run: ClientRun): number {
    let sum = 0
    for (const step of this.#current) {
      if (step.run === run) return sum
      if (step.ended === undefined) sum += step.run.plan.requestTimeoutMs
    }
    return sum
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
