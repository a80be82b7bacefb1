import { isDeepStrictEqual } from 'node:util'

import { sql, type Transaction } from 'kysely'

import type { Created, NewExecution } from '../../execution-store.ts'
import { reachedBound, type SessionBounds, type StepAdded } from '../../session-store.ts'
import { findExisting, placeOf } from '../create-executions.ts'
import type { SessionRow, Tables } from '../database.ts'
import { encodeLabel, type Payloads } from '../payload.ts'
import { withUnknownOutcome } from '../store-errors.ts'
import type { StoreParts } from '../store-parts.ts'
import { hasPendingSteps, isOver, nextExpiry } from './session-conditions.ts'
import { lockSession, totals } from './session-row.ts'

interface NewStep {
  readonly sessionId: string
  readonly execution: NewExecution
  readonly bounds: SessionBounds
}

/**
 * Stores the next step of a session, and wakes it if all earlier steps have ended, in one transaction under the lock of the
 * session's row. The end of a step takes the same lock, so either it finds this step and wakes it, or this finds that the
 * step has ended. Rejects with STORE_UNAVAILABLE, which is ambiguous if the database may have committed the step.
 */
export async function addStep(
  { db, payloads, wakeUps }: StoreParts,
  { sessionId, execution, bounds }: NewStep,
): Promise<StepAdded> {
  const { tenant } = execution.facts
  let isCommitting = false
  const added = db.transaction().execute(async (trx): Promise<StepAdded> => {
    const sessionKey = await lockSession(trx, { tenant, id: sessionId })
    const existing = await existingStep(trx, execution)
    if (existing !== undefined) return existing
    if (sessionKey === undefined) return { type: 'no-session' }
    const session = await stateOf(trx, sessionKey, execution)
    const refusal = refusalOf(session, execution, bounds)
    if (refusal !== undefined) return refusal
    const { has_pending: waits } = session
    const number = session.last_step + 1
    const key = await insertStep(trx, payloads, { session, sessionId, number, waits, execution })
    if (key === undefined) return (await existingStep(trx, execution)) ?? { type: 'too-many-queued' }
    if (!waits) await wakeUps.send(trx, [{ key, tenant }])
    isCommitting = true
    return { type: 'created', number, waits }
  })
  return added.catch((error: unknown) => {
    throw isCommitting ? withUnknownOutcome(error) : error
  })
}

type Existing = Exclude<Created, { readonly type: 'created' }>

/** Returns the outcome for a step whose id the tenant has used. */
async function existingStep(trx: Transaction<Tables>, execution: NewExecution): Promise<Existing | undefined> {
  return (await findExisting(trx, [execution])).get(placeOf(execution.facts)) as Existing | undefined
}

/** State of a session whose row is locked. */
interface LockedSession extends Pick<SessionRow, 'key' | 'last_step' | 'base_step' | 'runtime'> {
  readonly is_over: boolean
  readonly has_pending: boolean
  readonly steps: number
  readonly size_bytes: number
  readonly cpu_ms: number
  readonly is_queue_full: boolean
}

/** Reads the state by a statement after the one that locks the row, so that it sees all that was committed before. */
async function stateOf(
  trx: Transaction<Tables>,
  key: string,
  { facts: { tenant }, maxQueued }: NewExecution,
): Promise<LockedSession> {
  const { rows } = await sql<LockedSession>`
    select s.key, s.last_step, s.base_step, s.runtime, ${isOver} as is_over,
      ${hasPendingSteps(sql`s.key`)} as has_pending, total.steps, total.size_bytes, total.cpu_ms,
      exists (
        select from codemode.executions queued
        where queued.tenant = ${tenant} and queued.started_at is null and queued.finished_at is null
        offset ${Math.max(maxQueued, 1) - 1}
      ) as is_queue_full
    from codemode.sessions s ${totals}
    where s.key = ${key}`.execute(trx)
  return rows[0]!
}

/** Returns the outcome of a step that is not accepted; undefined for one that is. */
function refusalOf(
  session: LockedSession,
  { header, maxQueued }: NewExecution,
  bounds: SessionBounds,
): StepAdded | undefined {
  const { runtime, steps, size_bytes: journalBytes, cpu_ms: replayCpuMs } = session
  if (session.is_over) return { type: 'session-ended' }
  const bound = reachedBound({ steps, journalBytes, replayCpuMs }, bounds)
  if (bound !== undefined) return { type: 'full', bound }
  if (runtime !== null && !isDeepStrictEqual(runtime, header.runtime)) return { type: 'other-runtime', runtime }
  return session.is_queue_full || maxQueued <= 0 ? { type: 'too-many-queued' } : undefined
}

interface InsertedStep {
  readonly session: LockedSession
  readonly sessionId: string
  readonly number: number
  readonly waits: boolean
  readonly execution: NewExecution
}

/** Inserts a step, and counts it in its session. Returns its key; undefined if the tenant has used its id meanwhile. */
async function insertStep(
  trx: Transaction<Tables>,
  payloads: Payloads,
  { session, sessionId, number, waits, execution: { facts, header } }: InsertedStep,
): Promise<string | undefined> {
  const { tenant, id, label, callback, notify } = facts
  const place = { tenant, id }
  const stored = { ...header, session: { id: sessionId, step: number } }
  const { rows } = await sql<{ key: string }>`
    with new as (
      insert into codemode.executions
        (tenant, id, owner, key_id, correlation_id, label, body_hash, isolation, reuse_isolates, header, callback, notify, status,
          expires_at, wake_at, session_key, step, base_step)
      values (${tenant}, ${id}, ${facts.owner}, ${facts.keyId}, ${facts.correlationId},
        ${encodeLabel(label)}, ${facts.bodyHash}, ${facts.isolation}, ${facts.reuseIsolates},
        ${payloads.encode(stored, { ...place, kind: 'header' })},
        ${callback === undefined ? null : payloads.encode(callback, { ...place, kind: 'callback' })},
        ${notify === undefined ? null : payloads.encode(notify, { ...place, kind: 'notify' })}, 'queued',
        now() + ${facts.expiresAfterMs}::float8 * interval '1 ms', ${waits ? null : sql`now()`},
        ${session.key}, ${number}, ${session.base_step})
      on conflict do nothing
      returning key
    ),
    place as (
      insert into codemode.session_steps (session_key, step, execution_key)
      select ${session.key}, ${number}, key from new
    ),
    used as (
      update codemode.sessions s
      set last_step = ${number}, runtime = ${JSON.stringify(header.runtime)}, last_used_at = now(), expires_at = ${nextExpiry}
      from new where s.key = ${session.key}
    )
    select key from new`.execute(trx)
  return rows[0]?.key
}
