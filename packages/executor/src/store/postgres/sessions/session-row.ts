import { sql, type RawBuilder } from 'kysely'

import type { SessionFacts, StoredSession } from '../../session-store.ts'
import type { Database, SessionRow } from '../database.ts'
import { decodeText, type Payloads } from '../payload.ts'

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

/** Returns the condition that a session has a step of its own that has not ended; steps of a fork that it shares have ended. */
export const hasPendingSteps = (key: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from codemode.executions pending where pending.session_key = ${key} and pending.finished_at is null
)`

/** Condition that a session `s` has ended, or expired: nothing pending extends its life, and it can no longer be used. */
export const isOver: RawBuilder<boolean> = sql`(
  s.ended_at is not null or (s.expires_at <= now() and not ${hasPendingSteps(sql`s.key`)})
)`

/** Place of a step: columns or values. */
interface StepPlace {
  readonly session: unknown
  readonly step: unknown
}

/** Returns the condition that a session has a step of its own before the given one that has not ended. */
export const hasEarlierPending = ({ session, step }: StepPlace): RawBuilder<boolean> => sql`exists (
  select from codemode.executions earlier
  where earlier.session_key = ${session} and earlier.step < ${step} and earlier.finished_at is null
)`

/** Condition that an execution `e` is a step that has not started, although all earlier ones of its session have ended. */
export const isNextStep: RawBuilder<boolean> = sql`(
  e.session_key is not null and e.status = 'queued'
  and not ${hasEarlierPending({ session: sql`e.session_key`, step: sql`e.step` })}
)`

/** Returns the steps `st` and their executions `e` from whose states a step starts, as tables with their condition. */
export const fromStatesBefore = ({ session, step, baseStep }: StepPlace & { readonly baseStep: unknown }) => sql`
  from codemode.session_steps st join codemode.executions e on e.key = st.execution_key
  where st.session_key = ${session} and st.step > ${baseStep} and st.step < ${step} and e.state_kept`

/**
 * Returns the condition that a step of a session can start from the state of the execution with a key: one that is added later, or
 * one that was added before the last reset and has not ended.
 */
export const isNeededBySession = (key: RawBuilder<unknown>): RawBuilder<boolean> => sql`exists (
  select from codemode.session_steps st join codemode.sessions s on s.key = st.session_key
  where st.execution_key = ${key} and s.ended_at is null and st.step > least(s.base_step, (
    select min(pending.base_step) from codemode.executions pending
    where pending.session_key = s.key and pending.finished_at is null
  ))
)`

/** Time at which a session expires that is used now. */
export const nextExpiry: RawBuilder<Date> = sql`now() + idle_timeout_ms * interval '1 ms'`

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
    },
    createdAt: row.created_at.getTime(),
    lastUsedAt: row.last_used_at.getTime(),
    steps: row.steps,
    pendingSteps: row.pending_steps,
    sizeBytes: row.size_bytes,
  }
}
