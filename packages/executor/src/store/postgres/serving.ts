// Right of one reader to serve the tool calls of an execution that has no callback. It is a lease: whoever has it extends it,
// and after its end another reader can take it.
import { sql } from 'kysely'

import type { Database } from './database.ts'

/** Reader of one execution. */
interface ServingReader {
  readonly tenant: string
  readonly id: string
  readonly reader: string
}

/** Gives or extends the right, for the given milliseconds. Returns false while another reader has it. */
export async function serveCalls(db: Database, { tenant, id, reader }: ServingReader, ms: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('executions')
    .set({ served_by: reader, served_until: sql`now() + ${ms}::float8 * interval '1 ms'` })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where((eb) =>
      eb.or([eb('served_by', '=', reader), eb('served_until', 'is', null), eb('served_until', '<', sql<Date>`now()`)]),
    )
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Takes the right from a reader that has it. */
export async function stopServingCalls(db: Database, { tenant, id, reader }: ServingReader): Promise<void> {
  await db
    .updateTable('executions')
    .set({ served_by: null, served_until: null })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('served_by', '=', reader)
    .execute()
}
