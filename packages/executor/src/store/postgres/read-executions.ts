import { sql } from 'kysely'

import { Batcher } from './batcher.ts'
import type { Database } from './database.ts'
import { executionColumns, type FoundRow } from './execution-row.ts'
import { isUnavailable } from './store-errors.ts'

/** Maximum number of executions that are found by one statement. */
const maxFound = 64

/** Ids by which an execution is found. */
export interface ExecutionIds {
  readonly tenant: string
  readonly id: string
}

/** Returns what finds the rows of executions, of several by one statement. */
export function batchedFinds(db: Database): Batcher<ExecutionIds, FoundRow | undefined> {
  return new Batcher({
    maxItems: maxFound,
    run: (wanted) => findExecutions(db, wanted),
    // An id that the database does not take must not concern the requests of others.
    isOfOneItem: (error) => !isUnavailable(error),
  })
}

/** Returns the row of each of these executions; undefined for one that does not exist. */
async function findExecutions(db: Database, wanted: readonly ExecutionIds[]): Promise<(FoundRow | undefined)[]> {
  const columns = executionColumns.map((column) => sql.ref(`e.${column}`))
  const { rows } = await sql<FoundRow>`
    select ${sql.join(columns)}
    from codemode.executions e
    join unnest(${wanted.map(({ tenant }) => tenant)}::text[], ${wanted.map(({ id }) => id)}::text[])
      as wanted (tenant, id) on e.tenant = wanted.tenant and e.id = wanted.id
    where not e.is_tombstone`.execute(db)
  const found = new Map(rows.map((row) => [placeOf(row), row]))
  return wanted.map((ids) => found.get(placeOf(ids)))
}

const placeOf = ({ tenant, id }: ExecutionIds) => `${id} ${tenant}`
