import { isFinal } from '@codemode/shared'

import type { CountOptions, ExecutionGroup, ListedExecution, ListOptions } from './execution-list.ts'

/** Returns whether an execution in memory is one of those that a list or a count has. */
export function isSelected(execution: ListedExecution, options: Omit<ListOptions, 'limit' | 'cursor'>): boolean {
  const { owner, statuses, errorCode, label, session, isAttached, since = -Infinity, until = Infinity } = options
  const { facts, status, createdAt, error } = execution
  return (
    createdAt >= since &&
    createdAt < until &&
    (owner === undefined || facts.owner === owner) &&
    (statuses === undefined || statuses.includes(status)) &&
    (errorCode === undefined || error?.code === errorCode) &&
    (label === undefined || facts.label === label) &&
    (session === undefined || execution.session?.id === session) &&
    (isAttached === undefined || execution.isAttached === isAttached)
  )
}

/** Returns the group of one execution in a count. */
export function groupOf(
  { status, createdAt, error }: ListedExecution,
  { since, until, buckets }: CountOptions,
): ExecutionGroup {
  return {
    bucket: Math.floor((createdAt - since) / ((until - since) / buckets)),
    outcome: isFinal(status) ? (status as 'completed' | 'failed' | 'cancelled') : 'inFlight',
    errorCode: status === 'failed' ? (error?.code ?? null) : null,
    count: 1,
  }
}
