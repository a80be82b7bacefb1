import { isFinal, type Callback, type ExecutionFailure, type Notify } from '@codemode/shared'

import type { ExecutionFacts, StoredExecution } from '../execution-store.ts'
import type { ExecutionRow } from './database.ts'
import { decodePayload, decodeText } from './payload.ts'

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
  'callback',
  'notify',
  'error',
  'status',
  'created_at',
  'expires_at',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof ExecutionRow)[]

/** Returns an execution as others than its runner see it. */
export function executionOf(row: Pick<ExecutionRow, (typeof executionColumns)[number]>): StoredExecution {
  const createdAt = row.created_at.getTime()
  const expiresAt = row.expires_at.getTime()
  const facts: ExecutionFacts = {
    id: row.id,
    tenant: row.tenant,
    owner: row.owner,
    keyId: row.key_id,
    correlationId: row.correlation_id,
    ...(row.label !== null && { label: decodeText(row.label) }),
    bodyHash: row.body_hash,
    isolation: row.isolation,
    ...(row.callback !== null && { callback: decodePayload(row.callback) as Callback }),
    ...(row.notify !== null && { notify: decodePayload(row.notify) as Notify }),
    expiresAfterMs: expiresAt - createdAt,
  }
  return {
    facts,
    status: row.status,
    createdAt,
    expiresAt,
    ...(row.started_at !== null && { startedAt: row.started_at.getTime() }),
    ...(row.finished_at !== null && { finishedAt: row.finished_at.getTime() }),
    ...(row.error !== null && { error: decodePayload(row.error) as ExecutionFailure }),
  }
}

/** Returns whether an execution has ended. */
export function hasEnded({ status }: Pick<ExecutionRow, 'status'>): boolean {
  return isFinal(status)
}
