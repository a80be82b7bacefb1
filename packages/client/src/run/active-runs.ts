import { Bag } from '../async/bag.ts'
import type { ClientRun } from './client-run.ts'

interface ActiveRun {
  readonly run: ClientRun
  readonly ids: string[]
}

/** Runs of a client that are under way, by each execution id under which their tools may be called. */
export class ActiveRuns {
  readonly #active = new Bag<ActiveRun>()
  /** An object instead of a `Map`, for the reason that `Bag` is not a `Set`. */
  readonly #byId = Object.create(null) as Record<string, ActiveRun>

  /** Adds a run, and removes it when it has ended. */
  add(run: ClientRun): void {
    const active: ActiveRun = { run, ids: [] }
    this.#note(active, run.plan.request.id)
    const leave = this.#active.add(active)
    const forget = (): void => {
      for (const id of active.ids) delete this.#byId[id]
      leave()
    }
    run.result.then(forget, forget)
  }

  /** Adds another id of a run: an executor with a fallback runs the code again under a new id. */
  alias(run: ClientRun, executionId: string): void {
    if (this.find(executionId) === run) return
    // The id of the run's request cannot be used here, since another run may have it by now.
    const active = this.#active.all.find((each) => each.run === run)
    if (active !== undefined) this.#note(active, executionId)
  }

  find(executionId: string): ClientRun | undefined {
    return this.#byId[executionId]?.run
  }

  get all(): ClientRun[] {
    return this.#active.all.map(({ run }) => run)
  }

  #note(active: ActiveRun, executionId: string): void {
    active.ids.push(executionId)
    this.#byId[executionId] = active
  }
}
