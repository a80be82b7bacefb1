// Table of API keys. A row is an entry as a keys file has it; whoever reads it checks it in the same way.
import { sql, type Transaction } from 'kysely'

import { openPool } from './connection-pool.ts'
import { createDatabase, type Database, type Tables } from './database.ts'

/** Entry of a key, of which only the id is known here. */
interface KeyEntry {
  readonly id: string
}

/** Content of the table. */
interface KeysText {
  /** Text that differs for other contents. */
  readonly stamp: string
  /** JSON list of the entries in the order of their creation; null if the content has the given stamp. */
  readonly text: string | null
}

/** Table of API keys, on a connection of its own. */
export class ApiKeysTable implements AsyncDisposable {
  readonly #db: Database

  constructor(url: string) {
    const limits = { maxConnections: 1, connectTimeoutMs: 3_000, statementTimeoutMs: 5_000 }
    this.#db = createDatabase(openPool({ url, ...limits }))
  }

  /** Returns the content, without its text if it has this stamp. */
  read(stamp = ''): Promise<KeysText> {
    return readKeys(this.#db, stamp)
  }

  /** Replaces the entries in one transaction, while no other change is made. An entry whose id exists stays as it is. */
  async change(change: (text: string) => readonly KeyEntry[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await sql`lock table codemode.api_keys in share row exclusive mode`.execute(trx)
      const { text } = await readKeys(trx, '')
      await replace(trx, change(text!))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy()
  }
}

async function readKeys(db: Database, stamp: string): Promise<KeysText> {
  const { rows } = await sql<KeysText>`
    with content as (
      select coalesce(jsonb_agg(entry order by number), '[]')::text as text from codemode.api_keys
    )
    select md5(text) as stamp, case when md5(text) <> ${stamp} then text end as text from content`.execute(db)
  return rows[0]!
}

async function replace(trx: Transaction<Tables>, entries: readonly KeyEntry[]): Promise<void> {
  const ids = entries.map(({ id }) => id)
  await sql`delete from codemode.api_keys where id <> all(${ids}::text[])`.execute(trx)
  await sql`
    insert into codemode.api_keys (entry)
    select entry from unnest(${entries.map((entry) => JSON.stringify(entry))}::jsonb[]) with ordinality as new (entry, place)
    order by place
    on conflict (id) do nothing`.execute(trx)
}
