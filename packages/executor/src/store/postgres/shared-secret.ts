import { randomBytes } from 'node:crypto'

import { RequestError } from '@codemode/shared'
import { DatabaseError } from 'pg'

import { openPool } from './connection-pool.ts'
import { createDatabase } from './database.ts'

/** SQLSTATE `undefined_table`. */
const noTable = '42P01'

const limits = { maxConnections: 1, connectTimeoutMs: 3_000, statementTimeoutMs: 5_000 }

/**
 * Returns the random secret with a name, which is made once and is the same on all nodes of a database. Rejects with
 * STORE_UNAVAILABLE if the database does not answer, or its tables have not been created yet.
 */
export async function readSharedSecret(url: string, name: string): Promise<Buffer> {
  const db = createDatabase(openPool({ url, ...limits }))
  try {
    const value = randomBytes(32).toString('hex')
    await db
      .insertInto('secrets')
      .values({ name, value })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await db.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirstOrThrow()
    return Buffer.from(row.value, 'hex')
  } catch (error) {
    throw error instanceof DatabaseError && error.code === noTable ? notCreated(error) : error
  } finally {
    await db.destroy()
  }
}

function notCreated(cause: Error): RequestError {
  return new RequestError('STORE_UNAVAILABLE', 'The tables of the store have not been created yet.', {
    retryAfterSeconds: 1,
    cause,
  })
}
