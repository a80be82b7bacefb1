// Durable sessions in the store. Their steps are detached executions: a step is claimed, fenced, parked and taken over like any
// other one. The store keeps the order: a step is claimed for its turns only when all earlier steps of its session have ended.
import type { ExecutionStatus, JournalEntry, JournalHeader, JsonObject, SessionVariable } from '@codemode/shared'

import type { Created, NewExecution } from './execution-store.ts'

/** Facts about a session that its steps share. */
export interface SessionFacts {
  readonly id: string
  readonly tenant: string
  readonly owner: string
  readonly label: string | undefined
  readonly context: JsonObject
  readonly config: JsonObject
  /** Limit of every step; undefined for that of the API key. */
  readonly memoryLimitMb: number | undefined
  readonly idleTimeoutMs: number
  /** Guests that the session may share a sandbox process with. */
  readonly isolation: 'tenant' | 'execution'
  /** True if its guests may get an isolate that has had others of the tenant before. */
  readonly reuseIsolates: boolean
}

/** Bounds of a session. */
export interface SessionBounds {
  readonly steps: number
  readonly journalBytes: number
  readonly replayCpuMs: number
}

/** Returns the first bound that the steps of a session have reached; undefined if there is room for another step. */
export function reachedBound(
  used: Omit<SessionBounds, 'steps'> & Partial<SessionBounds>,
  bounds: SessionBounds,
): keyof SessionBounds | undefined {
  const { steps = 0, journalBytes, replayCpuMs } = used
  if (steps >= bounds.steps) return 'steps'
  if (journalBytes >= bounds.journalBytes) return 'journalBytes'
  return replayCpuMs >= bounds.replayCpuMs ? 'replayCpuMs' : undefined
}

/** Stored session. Steps, sizes and times are those since the last reset. */
export interface StoredSession {
  readonly facts: SessionFacts
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly steps: number
  readonly pendingSteps: number
  readonly sizeBytes: number
}

/** Session as it was found: one that has ended or expired lately is remembered. */
export type FoundSession = { readonly type: 'found'; readonly session: StoredSession } | { readonly type: 'ended' }

/** Step of a stored session. */
export interface StoredStep {
  /** Number of the step in its session, from 1. Numbers go on after a reset. */
  readonly number: number
  readonly executionId: string
  readonly status: ExecutionStatus
  readonly code: string
  /** Whether the session has the state after the step; undefined until the step has ended. */
  readonly stateKept: boolean | undefined
  /** Variables after the step; undefined until it has ended, if its state was not kept, and if they are not known. */
  readonly variables: readonly SessionVariable[] | undefined
}

/** Outcome of an attempt to add a step. */
export type StepAdded =
  | Exclude<Created, { readonly type: 'created' }>
  | {
      readonly type: 'created'
      readonly number: number
      /** Whether earlier steps have not ended. */
      readonly waits: boolean
    }
  | { readonly type: 'no-session' }
  | { readonly type: 'session-ended' }
  /** The session has reached this bound. */
  | { readonly type: 'full'; readonly bound: keyof SessionBounds }
  /** The steps of the session have other versions; the header of the step needs them too. */
  | { readonly type: 'other-runtime'; readonly runtime: JournalHeader['runtime'] }

/** Outcome of a fork. */
export type Forked =
  | { readonly type: 'created'; readonly session: StoredSession }
  | { readonly type: 'exists' | 'no-session' | 'session-ended' }
  /** The session has no step with this number since its last reset; `lastStep` is the number of its last one. */
  | { readonly type: 'no-step'; readonly lastStep: number }
  /** The step has not ended, so its state is not known yet. */
  | { readonly type: 'not-ended' }

/** Place of a claimed execution in its session. */
export interface LeasedStep {
  readonly session: string
  /** Whether earlier steps have not ended, so that the step may be ended by a message or its expiry, but has no turn. */
  readonly isBlocked: boolean
  /** Id of the last earlier step whose state the session kept; undefined if the step starts without variables. */
  readonly stateOf: string | undefined
  /** Size of the journals that rebuild the state from which the step starts, and the CPU time of their steps. */
  readonly rebuild: Pick<SessionBounds, 'journalBytes' | 'replayCpuMs'>
}

/** State of a session after a step that has ended. */
export interface StepEnd {
  /** Whether later steps start from the state after it. False also for a step that has not run. */
  readonly stateKept: boolean
  readonly journalBytes: number
  readonly cpuMs: number
  /** Variables after the step; undefined if they are not known, because the host has ended it, and if its state is not kept. */
  readonly variables: readonly SessionVariable[] | undefined
}

/** Journal of a step. */
export interface StepJournal {
  readonly header: JournalHeader
  readonly entries: readonly JournalEntry[]
}

/** Filter and page of a list of sessions. */
export interface SessionListOptions {
  readonly owner?: string | undefined
  readonly label?: string | undefined
  readonly limit: number
  /** Place of the last session of the page before; undefined for the first page. */
  readonly before?: SessionPlace | undefined
}

/** Place of a session in a list, which is ordered by time of creation and id, newest first. */
export interface SessionPlace {
  readonly createdAt: number
  readonly id: string
}

/** Durable sessions. The methods reject with `RequestError` STORE_UNAVAILABLE when the store does not answer in time. */
export interface SessionStore {
  /** Creates a session, or returns the one with the same id. */
  create(facts: SessionFacts): Promise<FoundSession & { readonly isNew: boolean }>
  /** Returns the tenant's session; undefined if there is none. */
  find(tenant: string, id: string): Promise<FoundSession | undefined>
  list(tenant: string, options: SessionListOptions): Promise<readonly StoredSession[]>
  /** Returns the steps since the last reset, in order. */
  steps(tenant: string, id: string): Promise<readonly StoredStep[]>
  /**
   * Stores the next step of a session, in one transaction, and wakes it if all earlier steps have ended. The stored header gets
   * `session: { id, step }`. A step that exists is `exists`, as for other executions.
   */
  addStep(sessionId: string, execution: NewExecution, bounds: SessionBounds): Promise<StepAdded>
  /** Creates a session with the state after a step, by default the last one that has ended. */
  fork(
    tenant: string,
    id: string,
    fork: { readonly id: string; readonly label: string | undefined; readonly atStep: number | undefined },
  ): Promise<Forked>
  /** Makes the steps that are added from now on start without variables. Returns undefined if there is no session. */
  reset(tenant: string, id: string): Promise<FoundSession | undefined>
  /** Ends a session, and cancels its steps that have not ended. Resolves with false if there is none, or it has ended. */
  end(tenant: string, id: string): Promise<boolean>
  /** Returns the journals that rebuild the state from which a step starts, in order. */
  journalsBefore(tenant: string, executionId: string): Promise<readonly StepJournal[]>
}
