// Lists and counts of the executions in a store.
import type { ExecutionErrorCode, ExecutionStatus } from '@codemode/shared'

import type { StoredExecution, ExecutionFacts } from './execution-store.ts'

/** Execution in a list. */
export interface ListedExecution extends Omit<StoredExecution, 'facts' | 'expiresAt'> {
  readonly facts: Pick<ExecutionFacts, 'id' | 'owner' | 'correlationId' | 'label'>
  /** Place of a step in its session; absent for other executions, and for recorded steps of attached sessions. */
  readonly session?: { readonly id: string; readonly step: number }
}

/** Filter and page of a list. */
export interface ListOptions {
  readonly owner?: string
  readonly statuses?: readonly ExecutionStatus[]
  /** Only executions whose error has this code. */
  readonly errorCode?: ExecutionErrorCode
  readonly label?: string
  /** Only steps of the session with this id. */
  readonly session?: string
  /** Only attached executions (`true`), or only detached ones (`false`). */
  readonly isAttached?: boolean
  /** Only executions that were created at this time or later, in milliseconds since the epoch. */
  readonly since?: number
  /** Only executions that were created before this time, in milliseconds since the epoch. */
  readonly until?: number
  readonly limit: number
  /** Cursor of the page before; undefined for the first page. */
  readonly cursor?: string
}

/** Page of a list, newest execution first. */
export interface ExecutionPage {
  readonly items: readonly ListedExecution[]
  /** Cursor of the next page; null after the last one. */
  readonly nextCursor: string | null
}

/** Executions to count, by intervals of the same length. */
export interface CountOptions extends Required<Pick<ListOptions, 'since' | 'until'>> {
  readonly owner?: string
  readonly label?: string
  readonly session?: string
  /** Number of intervals between `since` and `until`. */
  readonly buckets: number
}

/** Bounds of a count. */
export interface CountBounds {
  /** Ids of executions that are not counted. */
  readonly except: readonly string[]
  /** Maximum number of executions that are counted: the newest ones. */
  readonly max: number
}

/** Number of executions with the same interval, outcome and error. */
export interface ExecutionGroup {
  /** Number of the interval in which the executions were created, from 0. */
  readonly bucket: number
  readonly outcome: 'completed' | 'failed' | 'cancelled' | 'inFlight'
  /** Code of the error of executions that have failed; null if it is not known. */
  readonly errorCode: string | null
  readonly count: number
}

/** Result of a count. */
export interface ExecutionGroups {
  readonly groups: readonly ExecutionGroup[]
  /**
   * Time of creation of the oldest execution that was counted, in milliseconds since the epoch; absent if there are not more
   * than may be counted.
   */
  readonly countedSince?: number
}
