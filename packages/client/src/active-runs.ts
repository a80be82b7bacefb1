import type { ClientRun } from './client-run.ts'

/** What of a client is under way, by each id that its tool calls may come with. */
export class ActiveRuns {
  readonly #runs = new Map<ClientRun, string[]>()
  readonly #byId = new Map<string, ClientRun>()

  /** Keeps it for as long as it goes on. */
  add(run: ClientRun): void {
    this.#runs.set(run, [])
    this.alias(run, run.plan.request.id)
    const forget = (): void => {
      for (const id of this.#runs.get(run) ?? []) this.#byId.delete(id)
      this.#runs.delete(run)
    }
    run.result.then(forget, forget)
  }

  /** Its tools are called under this id as well: an executor that falls back runs the code again under a new one. */
  alias(run: ClientRun, executionId: string): void {
    const ids = this.#runs.get(run)
    if (ids === undefined) return
    ids.push(executionId)
    this.#byId.set(executionId, run)
  }

  find(executionId: string): ClientRun | undefined {
    return this.#byId.get(executionId)
  }

  get all(): ClientRun[] {
    return [...this.#runs.keys()]
  }
}
