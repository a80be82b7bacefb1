import type { ClientRun } from './client-run.ts'

interface ActiveRun {
  /** Undefined after the run has ended, for the reason in design/collections.md. */
  run: ClientRun | undefined
  readonly ids: string[]
}

/** Runs of a client that are under way, by each execution id under which their tools may be called. */
export class ActiveRuns {
  readonly #active = new Set<ActiveRun>()
  readonly #byId = new Map<string, ActiveRun>()

  /** Adds a run, and removes it when it has ended. */
  add(run: ClientRun): void {
    const active: ActiveRun = { run, ids: [] }
    this.#active.add(active)
    this.#addId(active, run.plan.request.id)
    const remove = (): void => {
      for (const id of active.ids) this.#byId.delete(id)
      this.#active.delete(active)
      active.run = undefined
    }
    run.result.then(remove, remove)
  }

  /** Adds another id of a run: an executor with a fallback runs the code again under a new id. */
  alias(run: ClientRun, executionId: string): void {
    if (this.find(executionId) === run) return
    // The id of the run's request cannot be used here, since another run may have it by now.
    for (const active of this.#active) if (active.run === run) this.#addId(active, executionId)
  }

  find(executionId: string): ClientRun | undefined {
    return this.#byId.get(executionId)?.run
  }

  get all(): ClientRun[] {
    return Array.from(this.#active, ({ run }) => run!)
  }

  #addId(active: ActiveRun, executionId: string): void {
    active.ids.push(executionId)
    this.#byId.set(executionId, active)
  }
}
