import type { ExecutionCounts, ExecutionList, ExecutionRecord, Journal, ReplayVerdict } from '@codemode/shared'

import { queryOf } from '../text/query.ts'
import { request, requestTagged, type Tagged } from './request.ts'

/** Filters of a list of executions; all are optional. */
export interface ExecutionFilters {
  readonly status?: string | undefined
  readonly errorCode?: string | undefined
  readonly label?: string | undefined
  readonly session?: string | undefined
  /** Time in ISO 8601 from which executions are listed. */
  readonly since?: string | undefined
  readonly until?: string | undefined
}

export const listExecutions = (
  filters: ExecutionFilters,
  page: { cursor?: string | undefined; limit?: number; signal?: AbortSignal } = {},
): Promise<ExecutionList> => {
  const { signal, ...query } = page
  return request(`/executions${queryOf({ ...filters, ...query })}`, { ...(signal && { signal }) })
}

export const countExecutions = (
  query: {
    since: string
    until?: string | undefined
    buckets: number
    label?: string | undefined
    session?: string | undefined
  },
  signal: AbortSignal,
): Promise<ExecutionCounts> => request(`/executions/counts${queryOf(query)}`, { signal })

const pathOf = (id: string): string => `/executions/${encodeURIComponent(id)}`

/** Returns the record; the known one if the execution has not changed since it was read. */
export const readRecord = (
  id: string,
  known: Tagged<ExecutionRecord> | undefined,
  signal: AbortSignal,
): Promise<Tagged<ExecutionRecord>> => requestTagged(pathOf(id), { signal, known, executionId: id })

/** Returns the journal with the entries after the first `after` ones. */
export const readJournal = (id: string, after: number, signal: AbortSignal): Promise<Journal> =>
  request(`${pathOf(id)}/journal${queryOf({ after: after === 0 ? undefined : after })}`, { signal, executionId: id })

export const cancelExecution = (id: string): Promise<unknown> =>
  request(`${pathOf(id)}/cancel`, { body: { reason: 'cancelled in the console' }, executionId: id })

/**
 * Runs the code of an execution again, or other code or input, as a new execution, whose id is returned. With the id of the new one,
 * a repeated request starts it once.
 */
export const retryExecution = (
  id: string,
  edits: { id?: string; code?: string; input?: unknown } = {},
): Promise<{ readonly executionId: string }> => request(`${pathOf(id)}/retry`, { body: edits, executionId: id })

/** Tries to continue an execution that needs attention. */
export const wakeExecution = (id: string): Promise<unknown> =>
  request(`${pathOf(id)}/wake`, { method: 'POST', executionId: id })

export const replayExecution = (id: string, signal: AbortSignal): Promise<ReplayVerdict> =>
  request(`${pathOf(id)}/replay`, { method: 'POST', signal, executionId: id })
