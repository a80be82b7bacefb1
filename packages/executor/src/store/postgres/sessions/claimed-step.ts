import { sql } from 'kysely'

import type { LeasedStep } from '../../session-store.ts'
import type { Database, ExecutionRow } from '../database.ts'
import { fromStatesBefore, hasEarlierPending } from './session-conditions.ts'

/** Place of a claimed execution in its session. */
export interface ClaimedStep extends LeasedStep {
  readonly sessionKey: string
}

/** Step that was claimed. */
interface StepRow extends Pick<ExecutionRow, 'session_key' | 'step' | 'base_step' | 'status'> {
  readonly session_key: string
}

interface ClaimedStepRow {
  readonly is_blocked: boolean
  readonly state_of: string | null
  readonly journal_bytes: number
  readonly cpu_ms: number
}

/**
 * Returns the place of a claimed execution. Earlier steps of its session never begin again, and none is added before it, so
 * a step that is not blocked is never blocked later. A step that has not started is blocked also if its session has ended:
 * a cancellation ends it.
 */
export async function readClaimedStep(
  db: Database,
  session: string,
  { session_key: sessionKey, step, base_step: baseStep, status }: StepRow,
): Promise<ClaimedStep> {
  const place = { session: sessionKey, step }
  const { rows } = await sql<ClaimedStepRow>`
    select
      ${hasEarlierPending(place)}
      or (
        ${status === 'queued'}
        and not exists (select from codemode.sessions where key = ${sessionKey} and ended_at is null)
      ) as is_blocked,
      (array_agg(e.id order by st.step desc))[1] as state_of,
      coalesce(sum(e.journal_bytes), 0)::float8 as journal_bytes,
      coalesce(sum(e.cpu_ms), 0)::float8 as cpu_ms
    ${fromStatesBefore({ ...place, baseStep })}`.execute(db)
  const { is_blocked: isBlocked, state_of, journal_bytes: journalBytes, cpu_ms: replayCpuMs } = rows[0]!
  return { sessionKey, session, isBlocked, stateOf: state_of ?? undefined, rebuild: { journalBytes, replayCpuMs } }
}
