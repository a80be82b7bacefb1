import type { SessionVariable } from '../../sandbox/sandbox.ts'
import type { StepJournal } from '../../store/session-store.ts'
import type { IdleGuest, Realm } from './realm.ts'

/**
 * Realm of an attached session: the steps whose state it has, in order, and the guest that has this state. The guest may be
 * gone; the steps rebuild it.
 */
export class SessionRealm implements Realm {
  #steps: readonly StepJournal[]
  #idle: IdleGuest | undefined
  /** Variables after the last step that ended. */
  variables: readonly SessionVariable[] = []

  constructor(steps: readonly StepJournal[] = []) {
    this.#steps = steps
  }

  get steps(): readonly StepJournal[] {
    return this.#steps
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0
  }

  async journals(): Promise<readonly StepJournal[]> {
    return this.#steps
  }

  /** Returns the guest for the next step, which then owns it; undefined if it has to be rebuilt. */
  take(): IdleGuest | undefined {
    const idle = this.#idle
    this.#idle = undefined
    return idle
  }

  /** Gives the guest back after a step, or without a step that has not run. */
  giveBack(idle: IdleGuest): void {
    this.#idle = idle
  }

  /** Adds a step whose state the session has. */
  add(step: StepJournal): void {
    this.#steps = [...this.#steps, step]
  }

  /** Returns a realm with the state after the step with the given number, without a guest. */
  forkAt(step: number): SessionRealm {
    const fork = new SessionRealm(this.#steps.filter(({ header }) => header.session!.step <= step))
    // Those after an earlier step are known when the steps have been replayed.
    if (fork.steps.length === this.#steps.length) fork.variables = this.variables
    return fork
  }

  /** Starts over, without steps. */
  reset(): void {
    this.#steps = []
    this.variables = []
    this.close()
  }

  /** Frees the guest. The next step rebuilds it. */
  close(): void {
    this.#idle?.guest.close()
    this.#idle = undefined
  }
}
