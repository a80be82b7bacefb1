import type { TurnEffects } from '@codemode/shared'

import type {
  ExecutionSpec,
  GuestDelivery,
  GuestSpec,
  GuestStep,
  SandboxVersions,
  SessionSpec,
  SessionVariable,
} from './protocol.ts'

export type { ExecutionSpec, GuestDelivery, GuestSpec, GuestStep, SandboxVersions, SessionSpec, SessionVariable }

/** Limits of one turn. */
export interface TurnOptions {
  /**
   * CPU time in milliseconds that the turn may use; `Infinity` for a turn that is replayed. V8 can stop a turn by the
   * wall clock only, so on a busy machine a turn may be stopped before it has used this time. The outcome has the CPU
   * time that it used.
   */
  readonly cpuMs: number
  /** Factor by which the turn is expected to take longer than on an idle core; 1 if nothing is known about it. */
  readonly expectedSlowdown: number
  /** Wall time in milliseconds after which the turn's outcome is no longer needed. */
  readonly wallMs: number
  /**
   * Milliseconds that the turn waits behind a long turn of another guest before it is reported as `lost`, to run in
   * another process.
   */
  readonly maxWaitMs: number
  /**
   * Deliveries that follow this one. The guest may begin their turns, in their order, before it gets them: the outcome of each
   * turn then has that of the next one.
   */
  readonly ahead?: readonly GuestDelivery[]
}

/** Outcome of a turn. */
export type TurnOutcome =
  | {
      readonly type: 'turn'
      readonly cpuMs: number
      readonly effects: TurnEffects
      /** Variables of the session, in a turn in which a step has ended. */
      readonly variables?: readonly SessionVariable[]
      /** Outcome of the turn of the next delivery of `ahead`, which the guest has begun; absent if it has begun none. */
      readonly next?: Promise<TurnOutcome>
    }
  /**
   * The guest reached the turn's timeout, ran out of memory, or put out more than a journal holds, and no longer
   * exists. Only the logs and the warnings of the turn are kept. `cpuMs` is the thread's CPU time in the turn.
   */
  | ({
      readonly type: 'stopped'
      readonly reason: 'timeout' | 'memory' | 'output'
      /** Whether the code read the clock so often in this turn that it probably waited for it. */
      readonly waitedForClock: boolean
      readonly cpuMs: number
    } & Pick<TurnEffects, 'logs' | 'logsDropped' | 'warnings'>)
  /** The process died by itself while this guest was on the CPU. If `wasAlone`, no other guest can have caused it. */
  | { readonly type: 'crashed'; readonly outOfMemory: boolean; readonly wasAlone: boolean }
  /** The process was ended from outside while this guest was on the CPU. */
  | { readonly type: 'killed' }
  /**
   * The guest is gone without a fault that is known to be its own, and the turn has not happened. It can be replayed in
   * another process. With `needsOwnIsolate`, it ran out of memory in an isolate that had other guests before.
   */
  | { readonly type: 'lost'; readonly needsOwnIsolate?: true }
  /** The runtime that the guest needs is in no store (`missing`), or does not start in this version (`broken`). */
  | { readonly type: 'unrunnable'; readonly reason: 'missing' | 'broken' }

/** Guest in a sandbox process. */
export interface Guest {
  /** Time by `performance.now()` at which the guest was evicted; undefined if it was not. Its next turn is lost. */
  readonly evictedAt?: number | undefined
  /** Runs one turn. Never rejects. */
  turn(delivery: GuestDelivery, options: TurnOptions): Promise<TurnOutcome>
  /**
   * Frees the guest. If it is on the CPU and its turn does not end within a grace period, its process is killed, and the
   * other guests of that process are replayed elsewhere.
   */
  close(): void
}

/** Requirements of a guest on its process. */
export interface Placement {
  readonly tenant: string
  /** Guests that a guest may share its process with: those of its tenant, or none. */
  readonly isolation: 'tenant' | 'execution'
  /**
   * True if the guest gets an isolate that serves no other guest; otherwise it may get one that had guests of its tenant
   * before. Default: false.
   */
  readonly ownIsolate?: boolean
  /** Hash of the guest runtime; that of this version by default. */
  readonly runtime?: string
}

/** Interface of the sandbox processes to the engine. */
export interface Sandbox extends AsyncDisposable {
  readonly versions: SandboxVersions
  /** Whether a process is ready to take a guest. */
  readonly ready: boolean
  /** Returns the number of turns of further guests with this placement that would get the CPU at once or next. */
  roomFor(placement: Placement): number
  /**
   * Returns the milliseconds for which the tenant is throttled because its code keeps crashing sandbox processes;
   * mostly 0.
   */
  throttledMs(tenant: string): number
  /** Sets the listener that is called when there may be room again. */
  onRoom(listener: () => void): void
  /** Places a new guest in a process. It gets its isolate with its first turn. */
  placeGuest(spec: GuestSpec, placement: Placement): Guest
}
