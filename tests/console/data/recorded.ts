import { randomUUID } from 'node:crypto'

import type { JournalEntry, JournalHeader } from '@codemode/shared'

import type { databaseOf } from '../../support/store-command.ts'
import { pollUntil } from '../support/poll-until.ts'

export type Database = ReturnType<typeof databaseOf>

/** Attached execution as the store has it when it has ended. */
export interface Recorded {
  /** Row of the execution, without its key. */
  readonly row: Readonly<Record<string, unknown>>
  readonly entries: readonly JournalEntry[]
}

/** Reads an attached execution that has ended when it is in the store. */
export async function readRecorded(database: Database, executionId: string): Promise<Recorded> {
  const statement = 'select to_jsonb(e) as row from codemode.executions e where id = $1'
  const [found] = await pollUntil(async () => {
    const rows = await database.query(statement, [executionId])
    return rows.length > 0 && rows
  })
  const { key, ...row } = found!['row'] as Record<string, unknown>
  const entries = await database.query('select payload from codemode.entries where key = $1 order by position', [key])
  return { row, entries: entries.map(({ payload }) => JSON.parse(String(payload)) as JournalEntry) }
}

/** Returns the execution under another id, as if it had been created at that time, in milliseconds since the epoch. */
export function copyOf({ row, entries }: Recorded, createdAt: number): Recorded {
  const header = JSON.parse(String(row['header'])) as JournalHeader
  const shiftMs = createdAt - Date.parse(header.createdAt)
  const executionId = `exe_${randomUUID()}`
  const correlationId = randomUUID()
  const changed = { executionId, correlationId, createdAt: new Date(createdAt).toISOString() }
  const times = ['created_at', 'started_at', 'finished_at', 'expires_at'].map((column) => {
    return [column, new Date(Date.parse(String(row[column])) + shiftMs).toISOString()] as const
  })
  return {
    row: {
      ...row,
      ...Object.fromEntries(times),
      id: executionId,
      correlation_id: correlationId,
      header: JSON.stringify({ ...header, ...changed }),
    },
    entries: entries.map((entry) => shiftedBy(entry, shiftMs)),
  }
}

/** Returns the entry as if it had been written later. */
export function shiftedBy(entry: JournalEntry, shiftMs: number): JournalEntry {
  const at = entry.at + shiftMs
  if (entry.type === 'claim') return { ...entry, at, endsAt: entry.endsAt + shiftMs }
  if (entry.type !== 'turn') return { ...entry, at }
  const { nextTimerAt } = entry.effects
  const effects = { ...entry.effects, nextTimerAt: nextTimerAt === null ? null : nextTimerAt + shiftMs }
  return { ...entry, at, endedAt: entry.endedAt + shiftMs, effects }
}

/** Inserts executions into the store. */
export async function insertRecorded(database: Database, executions: readonly Recorded[]): Promise<void> {
  // The database computes the outcome.
  const columns = Object.keys(executions[0]!.row)
    .filter((name) => name !== 'outcome')
    .join()
  const entries = executions.flatMap(({ row, entries }) =>
    entries.map((entry, position) => ({ id: row['id'], position, payload: JSON.stringify(entry) })),
  )
  await database.query(
    `with inserted as (
       insert into codemode.executions (${columns})
       select ${columns} from jsonb_populate_recordset(null::codemode.executions, $1::jsonb)
       returning key, id
     )
     insert into codemode.entries (key, position, epoch, payload)
     select inserted.key, entry.position, 1, entry.payload
     from jsonb_to_recordset($2::jsonb) as entry (id text, position integer, payload text) join inserted using (id)`,
    [JSON.stringify(executions.map(({ row }) => row)), JSON.stringify(entries)],
  )
}
