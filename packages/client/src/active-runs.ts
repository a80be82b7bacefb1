import { Bag } from './bag.ts'
import type { ClientRun } from './client-run.ts'

interface ActiveRun {
  readonly run: ClientRun
  readonly ids: string[]
}

/** What of a client is under way, by each id that its tool calls may come with. */
export class ActiveRuns {
  readonly #active = new Bag<ActiveRun>()
  /** No `Map`, for the reason that a `Bag` is no `Set`. */
  readonly #byId = Object.create(null) as Record<string, ActiveRun>

  /** Keeps it for as long as it goes on. */
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

  /** Its tools are called under this id as well: an executor that falls back runs the code again under a new one. */
  alias(run: ClientRun, executionId: string): void {
    if (this.find(executionId) === run) return
    // Not by its id: that may be another run's by now.
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
