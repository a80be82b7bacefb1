import { sql } from 'kysely'

import type { LeasedStep } from '../../session-store.ts'
import type { Database, ExecutionRow } from '../database.ts'

/** Place of a claimed execution in its session. */
export interface ClaimedStep extends LeasedStep {
  readonly sessionKey: string
}

/** Step that was claimed. */
interface StepRow extends Pick<ExecutionRow, 'session_key' | 'step' | 'base_step' | 'status'> {
  readonly session_key: string
}

/**
 * Returns the place of a claimed execution. Earlier steps of its session never begin again, and none is added before it, so
 * a step that is not blocked is never blocked later. A step that has not started is blocked also if its session has ended:
 * a cancellation ends it.
 */
export async function readClaimedStep(
  db: Database,
  session: string,
  { session_key: sessionKey, step, base_step, status }: StepRow,
): Promise<ClaimedStep> {
  const { rows } = await sql<{ is_blocked: boolean; state_of: string | null }>`
    select
      exists (
        select from codemode.executions earlier
        where earlier.session_key = ${sessionKey} and earlier.step < ${step} and earlier.finished_at is null
      )
      or (
        ${status === 'queued'}
        and not exists (select from codemode.sessions where key = ${sessionKey} and ended_at is null)
      ) as is_blocked,
      (
        select e.id from codemode.session_steps st join codemode.executions e on e.key = st.execution_key
        where st.session_key = ${sessionKey} and st.step > ${base_step} and st.step < ${step} and e.state_kept
        order by st.step desc
        limit 1
      ) as state_of`.execute(db)
  const { is_blocked, state_of } = rows[0]!
  return { sessionKey, session, isBlocked: is_blocked, stateOf: state_of ?? undefined }
}
