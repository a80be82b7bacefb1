import type { SessionVariable } from '@codemode/shared'

import type { Lease } from '../../store/execution-store.ts'
import type { LeasedStep, SessionStore, StepJournal } from '../../store/session-store.ts'
import type { IdleGuest, Realm } from './realm.ts'
import type { SessionIds, WarmGuests } from './warm-guests.ts'

interface DurableRealmOptions {
  readonly lease: Pick<Lease, 'execution'>
  readonly step: LeasedStep
  readonly sessions: Pick<SessionStore, 'journalsBefore'>
  readonly guests: WarmGuests
}

/**
 * Realm of a durable session for one step that this node runs. The guest comes from the step before if that ran here;
 * otherwise the journals in the store rebuild it.
 */
export class DurableRealm implements Realm {
  reportedVariables: readonly SessionVariable[] | undefined
  readonly #options: DurableRealmOptions
  readonly #ids: SessionIds
  #idle: IdleGuest | undefined
  #settled: (() => void) | undefined

  constructor(options: DurableRealmOptions) {
    this.#options = options
    this.#ids = { tenant: options.lease.execution.facts.tenant, session: options.step.session }
  }

  /** Resolves when the step before, which has ended, has given its guest back, if it ran on this node. */
  get ready(): Promise<void> | undefined {
    const { guests, step } = this.#options
    return step.stateOf === undefined ? undefined : guests.ending(step.stateOf)
  }

  get isEmpty(): boolean {
    return this.#options.step.stateOf === undefined
  }

  journals(): Promise<readonly StepJournal[]> {
    const { sessions, lease } = this.#options
    return sessions.journalsBefore(this.#ids.tenant, lease.execution.facts.id)
  }

  take(): IdleGuest | undefined {
    return this.#options.guests.take(this.#ids, this.#options.step.stateOf)
  }

  giveBack(idle: IdleGuest): void {
    this.#idle = idle
  }

  /** Notes that the end of the step is being stored. The next step may be claimed before `settle` is called. */
  ending(): void {
    this.#settled = this.#options.guests.end(this.#options.lease.execution.facts.id)
  }

  /** Keeps the guest for the next step if the session has the state after this one; closes it otherwise. */
  settle({ isStateKept }: { readonly isStateKept: boolean }): void {
    const idle = this.#idle
    this.#idle = undefined
    if (isStateKept && idle !== undefined)
      this.#options.guests.put(this.#ids, this.#options.lease.execution.facts.id, idle)
    else idle?.guest.close()
    this.#settled?.()
  }
}
