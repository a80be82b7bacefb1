import { isFinal, type Callback, type ExecutionFailure, type Notify } from '@codemode/shared'

import type { ExecutionFacts, StoredExecution } from '../execution-store.ts'
import type { ExecutionRow } from './database.ts'
import { decodeText, type Payloads } from './payload.ts'

/** Columns of an execution without its header. */
export const executionColumns = [
  'key',
  'tenant',
  'id',
  'owner',
  'key_id',
  'correlation_id',
  'label',
  'body_hash',
  'isolation',
  'reuse_isolates',
  'is_attached',
  'callback',
  'notify',
  'error',
  'status',
  'created_at',
  'expires_at',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof ExecutionRow)[]

/** Error of an execution whose own error cannot be decrypted. */
const unreadable: ExecutionFailure = {
  code: 'INTERNAL',
  name: 'ExecutionError',
  message: 'The error is stored encrypted, and cannot be decrypted now.',
  retryable: false,
}

/** Row of an execution without its header. */
export type FoundRow = Pick<ExecutionRow, (typeof executionColumns)[number]>

/** Returns an execution for its runner. Throws STORE_UNAVAILABLE if it cannot be decrypted. */
export function claimedExecutionOf(row: FoundRow, payloads: Payloads): StoredExecution {
  const { tenant, id } = row
  const execution = executionOf(row, payloads)
  const facts: ExecutionFacts = {
    ...execution.facts,
    ...(row.callback !== null && {
      callback: payloads.decode(row.callback, { tenant, id, kind: 'callback' }) as Callback,
    }),
    ...(row.notify !== null && { notify: payloads.decode(row.notify, { tenant, id, kind: 'notify' }) as Notify }),
  }
  return { ...execution, facts }
}

/** Returns an execution as others than its runner see it: without its receivers, and also if it cannot be decrypted. */
export function executionOf(row: FoundRow, payloads: Payloads): StoredExecution {
  const { tenant, id } = row
  const createdAt = row.created_at.getTime()
  const expiresAt = row.expires_at.getTime()
  const facts: ExecutionFacts = {
    id,
    tenant,
    owner: row.owner,
    keyId: row.key_id,
    correlationId: row.correlation_id,
    ...(row.label !== null && { label: decodeText(row.label) }),
    bodyHash: row.body_hash,
    isolation: row.isolation,
    reuseIsolates: row.reuse_isolates,
    expiresAfterMs: expiresAt - createdAt,
  }
  return {
    facts,
    isAttached: row.is_attached,
    status: row.status,
    createdAt,
    expiresAt,
    ...(row.started_at !== null && { startedAt: row.started_at.getTime() }),
    ...(row.finished_at !== null && { finishedAt: row.finished_at.getTime() }),
    ...(row.error !== null && {
      error: (payloads.decodeIfReadable(row.error, { tenant, id, kind: 'error' }) ?? unreadable) as ExecutionFailure,
    }),
  }
}

/** Returns whether an execution has ended. */
export function hasEnded({ status }: Pick<ExecutionRow, 'status'>): boolean {
  return isFinal(status)
}
