import type { Journal } from '@codemode/shared'
import { api } from '@codemode/testkit'
import pg from 'pg'

/** Facts about the journals of all steps. */
export interface JournalFacts {
  readonly takeovers: number
  readonly parks: number
  readonly claims: number
  /** Steps that have begun more than once, have not ended exactly once, or have entries after their end. */
  readonly wrong: readonly string[]
}

/** Reads the journals of executions that have ended. */
export async function journalFacts(
  executor: { readonly url: string; readonly apiKey: string },
  executionIds: readonly string[],
): Promise<JournalFacts> {
  const facts = { takeovers: 0, parks: 0, claims: 0, wrong: [] as string[] }
  for (const id of executionIds) {
    const { body } = await api(executor, `/v1/executions/${id}/journal`, { key: executor.apiKey })
    const { entries } = body as Journal
    const starts = entries.filter((entry) => entry.type === 'turn' && entry.delivery.kind === 'start')
    const ends = entries.filter(
      (entry) => entry.type === 'end' || (entry.type === 'turn' && entry.effects.end !== undefined),
    )
    if (starts.length > 1 || ends.length !== 1 || ends[0] !== entries.at(-1)) facts.wrong.push(id)
    for (const [index, { type }] of entries.entries()) {
      if (type === 'park') facts.parks += 1
      if (type !== 'claim') continue
      facts.claims += 1
      if (index > 0 && entries[index - 1]!.type !== 'park') facts.takeovers += 1
    }
  }
  return facts
}

/** Returns the executions in the database that have an entry of an older claim after one of a newer claim. */
export async function fencedEntries(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string }>(
      `select distinct e.id from codemode.executions e
       join codemode.entries newer on newer.key = e.key
       join codemode.entries later on later.key = e.key and later.position > newer.position and later.epoch < newer.epoch`,
    )
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}
