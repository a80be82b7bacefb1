import type { SessionVariable } from '@codemode/shared'

import type { Guest } from '../../sandbox/sandbox.ts'
import type { StepJournal } from '../../store/session-store.ts'

/** Guest between two steps. */
export interface IdleGuest {
  readonly guest: Guest
  /** Time at which the host ended the last step, of which the guest has not been told; undefined if it ended by itself. */
  readonly endedAt: number | undefined
}

/** State from which a step of a session starts: a guest that has it, and the journals that rebuild this guest. */
export interface Realm {
  /** Whether the step starts without variables, in a new guest. */
  readonly isEmpty: boolean
  /** Variables that the guest reported in the turn in which the step ended; undefined if there was no such turn here. */
  reportedVariables: readonly SessionVariable[] | undefined
  /** Resolves with the journals that rebuild the state, in order. Rejects with STORE_UNAVAILABLE if they can't be read now. */
  journals(): Promise<readonly StepJournal[]>
  /** Returns the guest that has the state, which the step then owns; undefined if it has to be rebuilt. */
  take(): IdleGuest | undefined
  /** Gives the guest back after the step. */
  giveBack(idle: IdleGuest): void
}
