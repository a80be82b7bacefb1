import type { ExecutionStatus, JournalHeader, SessionVariable } from '@codemode/shared'
import { sql } from 'kysely'

import type { StoredStep } from '../../session-store.ts'
import type { ReadingParts } from '../store-parts.ts'
import type { SessionIds } from './session-row.ts'

interface StepRow {
  readonly number: number
  readonly id: string
  readonly status: ExecutionStatus
  readonly header: string
  readonly state_kept: boolean | null
  readonly variables: string | null
}

/** Returns the steps of a session since the last reset, in order; none if it has ended. */
export async function readSteps({ db, payloads }: ReadingParts, { tenant, id }: SessionIds): Promise<StoredStep[]> {
  const { rows } = await sql<StepRow>`
    select st.step as number, e.id, e.status, e.header, e.state_kept, e.variables
    from codemode.sessions s
    join codemode.session_steps st on st.session_key = s.key and st.step > s.base_step
    join codemode.executions e on e.key = st.execution_key
    where s.tenant = ${tenant} and s.id = ${id} and s.ended_at is null
    order by st.step`.execute(db)
  return rows.map(({ number, id: executionId, status, header, state_kept, variables }) => {
    const place = { tenant, id: executionId }
    return {
      number,
      executionId,
      status,
      code: (payloads.decode(header, { ...place, kind: 'header' }) as JournalHeader).code,
      stateKept: state_kept ?? undefined,
      variables:
        variables === null
          ? undefined
          : (payloads.decode(variables, { ...place, kind: 'variables' }) as SessionVariable[]),
    }
  })
}
