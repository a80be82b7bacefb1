import type { SessionVariable } from '../../sandbox/sandbox.ts'
import type { StepJournal } from '../../store/session-store.ts'
import type { IdleGuest, Realm } from './realm.ts'

/**
 * Realm of an attached session: the steps whose state it has, in order, and the guest that has this state. The guest may be
 * gone; the steps rebuild it.
 */
export class AttachedRealm implements Realm {
  #steps: readonly StepJournal[]
  #idle: IdleGuest | undefined
  #variables: readonly SessionVariable[] = []
  reportedVariables: readonly SessionVariable[] | undefined

  constructor(steps: readonly StepJournal[] = []) {
    this.#steps = steps
  }

  get steps(): readonly StepJournal[] {
    return this.#steps
  }

  /** Variables after the last step whose variables are known. */
  get variables(): readonly SessionVariable[] {
    return this.#variables
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

  /** Takes the end of a step; `kept` is its journal if the session has the state after it. */
  ended(kept: StepJournal | undefined): void {
    if (kept !== undefined) {
      this.#steps = [...this.#steps, kept]
      this.#variables = this.reportedVariables ?? this.#variables
    }
    this.reportedVariables = undefined
  }

  /** Returns a realm with the state after the step with the given number, without a guest. */
  forkAt(step: number): AttachedRealm {
    const fork = new AttachedRealm(this.#steps.filter(({ header }) => header.session!.step <= step))
    // Those after an earlier step are not known.
    if (fork.steps.length === this.#steps.length) fork.#variables = this.#variables
    return fork
  }

  /** Starts over, without steps. */
  reset(): void {
    this.#steps = []
    this.#variables = []
    this.close()
  }

  /** Frees the guest. The next step rebuilds it. */
  close(): void {
    this.#idle?.guest.close()
    this.#idle = undefined
  }
}
