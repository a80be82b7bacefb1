import type { TurnEffects } from '@codemode/shared'

import type { GuestDelivery, GuestSpec, SandboxVersions } from './protocol.ts'

export type { GuestDelivery, GuestSpec, SandboxVersions }

/** The limits of one turn. */
export interface TurnOptions {
  /**
   * CPU time in milliseconds that the turn may use; `Infinity` for a turn that is replayed. V8 can stop a turn by the wall
   * clock only, so on a busy machine a turn may be stopped before that: the CPU time that it really got is in its outcome.
   */
  readonly cpuMs: number
  /** Factor by which the machine is expected to be slower than one with an idle core; 1 if nothing is known about it. */
  readonly stretch: number
  /** Wall time in milliseconds after which the turn's outcome is of no use any more. */
  readonly wallMs: number
  /** Milliseconds that the turn waits behind another guest's long turn before it is reported as `lost`, to be run elsewhere. */
  readonly patienceMs: number
}

/** The outcome of a turn. */
export type TurnOutcome =
  | { readonly type: 'turn'; readonly cpuMs: number; readonly effects: TurnEffects }
  /**
   * The guest ran into the turn's timeout or out of memory, or put out more than a journal holds, and is gone. Only the logs
   * of the turn are kept. `cpuMs` is the thread's CPU time in the turn.
   */
  | ({
      readonly type: 'stopped'
      readonly reason: 'timeout' | 'memory' | 'output'
      readonly cpuMs: number
    } & Pick<TurnEffects, 'logs' | 'logsDropped'>)
  /** The process died by itself while this guest was on the CPU; with `wasAlone` no other guest can have caused it. */
  | { readonly type: 'crashed'; readonly outOfMemory: boolean; readonly wasAlone: boolean }
  /** The process was ended from outside while this guest was on the CPU. */
  | { readonly type: 'killed' }
  /** The guest is gone without a fault of its own and the turn has not happened: it can be replayed in another process. */
  | { readonly type: 'lost' }

/** A guest in a sandbox process. */
export interface Guest {
  /** Runs one turn. Never rejects. */
  turn(delivery: GuestDelivery, options: TurnOptions): Promise<TurnOutcome>
  /**
   * Frees the guest. One that is on the CPU is stopped with its process if it does not leave it within a grace;
   * nobody else notices, since the others are replayed elsewhere.
   */
  close(): void
}

/** The guests that a guest may share a process with: those of its tenant, or none. */
export interface Placement {
  readonly tenant: string
  readonly isolation: 'tenant' | 'execution'
}

/** The sandbox processes as the engine sees them. */
export interface Sandbox extends AsyncDisposable {
  readonly versions: SandboxVersions
  /** Whether there is a process that can take a guest. */
  readonly ready: boolean
  /** Returns the number of turns of further guests with this placement that would get the CPU at once or next. */
  roomFor(placement: Placement): number
  /** Returns the milliseconds for which the tenant is throttled because its code keeps crashing processes; mostly 0. */
  penaltyMs(tenant: string): number
  /** Sets the listener that is called when there may be room again. */
  onRoom(listener: () => void): void
  /** Places a new guest in the process that has the most room. */
  open(spec: GuestSpec, placement: Placement): Guest
}
