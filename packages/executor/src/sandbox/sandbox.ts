import type { TurnEffects } from '@codemode/shared'

import type { GuestDelivery, GuestSpec, SandboxVersions } from './protocol.ts'

export type { GuestDelivery, GuestSpec, SandboxVersions }

/** How the engine wants a turn to be run. */
export interface TurnOptions {
  /**
   * How long the turn may be on the CPU. On a busy machine it may be interrupted after less CPU time than that: what it
   * really used is in its outcome.
   */
  readonly timeoutMs: number
  /** How long the turn waits behind another guest's long turn before it is reported as `lost`, to be run elsewhere. */
  readonly patienceMs: number
}

/** What a turn came to. */
export type TurnOutcome =
  | { readonly type: 'turn'; readonly cpuMs: number; readonly effects: TurnEffects }
  /**
   * The guest ran into the turn's timeout, out of memory, or put out more than a journal holds, and is gone; of the turn
   * only the logs are kept.
   */
  | ({
      readonly type: 'stopped'
      readonly reason: 'timeout' | 'memory' | 'output'
      readonly cpuMs: number
    } & Pick<TurnEffects, 'logs' | 'logsDropped'>)
  /** The process died by itself while this guest was on the CPU; `wasAlone` tells that no other guest can have caused it. */
  | { readonly type: 'crashed'; readonly outOfMemory: boolean; readonly wasAlone: boolean }
  /** The process was ended from outside while this guest was on the CPU. */
  | { readonly type: 'killed' }
  /** The guest is gone through no doing of its own and the turn has not happened: replay it somewhere else. */
  | { readonly type: 'lost' }

/** A guest in some sandbox process. */
export interface Guest {
  /** Runs one turn. Never rejects. */
  turn(delivery: GuestDelivery, options: TurnOptions): Promise<TurnOutcome>
  /**
   * Frees the guest. One that is on the CPU is stopped with its process if it does not leave it within a grace;
   * nobody else notices, since the others are replayed elsewhere.
   */
  close(): void
}

/** With whom a guest may share a process: with others of its tenant, or with nobody. */
export interface Placement {
  readonly tenant: string
  readonly isolation: 'tenant' | 'execution'
}

/** The sandbox processes as the engine sees them. */
export interface Sandbox extends AsyncDisposable {
  readonly versions: SandboxVersions
  /** Whether a process is there that can take a guest. */
  readonly ready: boolean
  /** How many turns of further guests so placed would get the CPU at once or next. */
  roomFor(placement: Placement): number
  /** For how long no new execution of the tenant is to be taken, because its code keeps costing processes; mostly 0. */
  penaltyMs(tenant: string): number
  /** Sets who is told when there may be room again. */
  onRoom(listener: () => void): void
  /** Places a new guest in the process that has the most room. */
  open(spec: GuestSpec, placement: Placement): Guest
}
