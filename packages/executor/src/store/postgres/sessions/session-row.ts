import { sql, type RawBuilder } from 'kysely'

import type { SessionFacts, StoredSession } from '../../session-store.ts'
import type { Database, SessionRow } from '../database.ts'
import { decodeText, type Payloads } from '../payload.ts'
import { isOver } from './session-conditions.ts'

/** Id of a session of a tenant. */
export interface SessionIds {
  readonly tenant: string
  readonly id: string
}

/** Part of a session's facts that is stored as payload. */
type SessionPayload = Pick<SessionFacts, 'context' | 'config'> & { readonly memoryLimitMb?: number | undefined }

/** Row of a session with what its steps add up to. */
export interface FoundSessionRow extends SessionRow {
  /** Whether the session has ended, or its time is over. */
  readonly is_over: boolean
  /** Number of steps since the last reset, and the size of their journals. */
  readonly steps: number
  readonly size_bytes: number
  /** Number of all steps that have not ended. */
  readonly pending_steps: number
}

/** Columns of `FoundSessionRow` for sessions `s`. */
export const foundColumns: RawBuilder<unknown> = sql`s.*, ${isOver} as is_over, total.steps, total.size_bytes,
  (select count(*)::int from codemode.executions e where e.session_key = s.key and e.finished_at is null) as pending_steps`

/** Join of sessions `s` with what their steps since the last reset add up to, `total`. */
export const totals: RawBuilder<unknown> = sql`cross join lateral (
  select count(*)::int as steps, coalesce(sum(e.journal_bytes), 0)::float8 as size_bytes,
    coalesce(sum(e.cpu_ms), 0)::float8 as cpu_ms
  from codemode.session_steps st join codemode.executions e on e.key = st.execution_key
  where st.session_key = s.key and st.step > s.base_step
) total`

/** Locks the row of a session, as whatever changes its steps does. Returns undefined if there is none. */
export async function lockSession(trx: Database, { tenant, id }: SessionIds): Promise<string | undefined> {
  const row = await trx
    .selectFrom('sessions')
    .select('key')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row?.key
}

/** Returns the row of a session; undefined if there is none. */
export async function findSessionRow(db: Database, { tenant, id }: SessionIds): Promise<FoundSessionRow | undefined> {
  const { rows } = await sql<FoundSessionRow>`
    select ${foundColumns} from codemode.sessions s ${totals}
    where s.tenant = ${tenant} and s.id = ${id}`.execute(db)
  return rows[0]
}

/** Returns the stored payload of a session. */
export function encodeFacts(
  payloads: Payloads,
  { tenant, id, context, config, memoryLimitMb }: Pick<SessionFacts, 'tenant' | 'id'> & SessionPayload,
): string {
  return payloads.encode({ context, config, memoryLimitMb } satisfies SessionPayload, { tenant, id, kind: 'session' })
}

/** Returns a session that has not ended. Throws STORE_UNAVAILABLE if it cannot be decrypted. */
export function sessionOf(row: FoundSessionRow, payloads: Payloads): StoredSession {
  const { tenant, id } = row
  return withPayload(row, payloads.decode(row.payload!, { tenant, id, kind: 'session' }) as SessionPayload)
}

/** Returns a session, without its context and configuration if they cannot be decrypted: it must not hide others in a list. */
export function readableSessionOf(row: FoundSessionRow, payloads: Payloads): StoredSession {
  const { tenant, id } = row
  const payload = payloads.decodeIfReadable(row.payload!, { tenant, id, kind: 'session' })
  return withPayload(row, (payload as SessionPayload | undefined) ?? { context: {}, config: {} })
}

function withPayload(row: FoundSessionRow, { context, config, memoryLimitMb }: SessionPayload): StoredSession {
  return {
    facts: {
      id: row.id,
      tenant: row.tenant,
      owner: row.owner,
      label: row.label === null ? undefined : decodeText(row.label),
      context,
      config,
      memoryLimitMb,
      idleTimeoutMs: Number(row.idle_timeout_ms),
      isolation: row.isolation,
      reuseIsolates: row.reuse_isolates,
    },
    createdAt: row.created_at.getTime(),
    lastUsedAt: row.last_used_at.getTime(),
    steps: row.steps,
    pendingSteps: row.pending_steps,
    sizeBytes: row.size_bytes,
  }
}
