import { sql } from 'kysely'

import type { Database } from './database.ts'

interface CountedReason {
  readonly parked_for: string
  readonly count: number
}

/** Returns the number of parked executions of all tenants by what they wait for. */
export async function countParked(db: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<CountedReason>`
    select parked_for, count(*)::int as count from codemode.executions
    where finished_at is null and node is null and parked_for is not null
    group by parked_for`.execute(db)
  return new Map(rows.map(({ parked_for, count }) => [parked_for, count]))
}
