// Pool of connections on which nothing waits without a limit: neither for a connection, nor for a lock, nor for a server
// that has stopped answering.
import { setTimeout as delay } from 'node:timers/promises'

import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'

import { StatementNames } from './statement-names.ts'
import { toStoreError } from './store-errors.ts'

/** Address of a database and the limits of the connections to it. */
export interface ConnectionOptions {
  /** URL of the database, `postgres://…`. */
  readonly url: string
  /** Maximum number of connections, without the one that listens. */
  readonly maxConnections: number
  /** Milliseconds for a connection, including the wait for one that is in use. */
  readonly connectTimeoutMs: number
  /** Milliseconds after which the server stops a statement. */
  readonly statementTimeoutMs: number
  /**
   * Whether a commit is answered before it is on disk. After a crash of the server the last commits are missing, but never
   * one before a commit of another connection that is on disk.
   */
  readonly isAsynchronous?: boolean
}

/** Milliseconds that a statement waits for a lock: longer than any healthy transaction. */
const lockTimeoutMs = 2_000
/** Milliseconds after which the server ends a transaction whose node has stopped in the middle, for example frozen. */
const idleTransactionTimeoutMs = 5_000
/** Milliseconds beyond the timeout of a statement after which the server is assumed to be gone. */
const serverGraceMs = 1_000
/** Milliseconds that the connections have to end. */
const endTimeoutMs = 2_000

/**
 * Setting of a connection: a named statement is planned for the values of each run. A plan that was kept from the time when
 * a table was nearly empty would read all of it later.
 */
const customPlans = '-c plan_cache_mode=force_custom_plan'

/** Returns the options of `pg` for a connection. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  const { url, connectTimeoutMs, statementTimeoutMs, isAsynchronous = false } = options
  return {
    connectionString: url,
    application_name: 'codemode-executor',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    options: isAsynchronous ? `${customPlans} -c synchronous_commit=off` : customPlans,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + serverGraceMs,
    lock_timeout: Math.min(lockTimeoutMs, statementTimeoutMs),
    idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
  }
}

/** Opens a pool. Its methods reject with the errors of `toStoreError`; a connection that failed is not used again. */
export function openPool(options: ConnectionOptions): PostgresPool {
  const pool = new pg.Pool({ ...clientConfig(options), max: options.maxConnections })
  // The statement that used the connection rejects with the same error, and an idle connection is replaced.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const names = new StatementNames()
  const guarded = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    // A server that does not answer does not end its connections either.
    end: () => Promise.race([pool.end(), delay(endTimeoutMs, undefined, { ref: false })]),
    async connect() {
      try {
        const client = await pool.connect()
        const known = guarded.get(client) ?? guard(client, names)
        guarded.set(client, known)
        return known
      } catch (error) {
        throw toStoreError(error)
      }
    },
  }
}

/** SQLSTATE `feature_not_supported`. */
const changedResult = '0A000'

function guard(client: pg.PoolClient, names: StatementNames): PostgresPoolClient {
  let isBroken = false
  const query = async (text: string, values: readonly unknown[] = []) => {
    // A text without values may have several statements, which cannot have a name.
    const name = values.length > 0 ? names.nameOf(text) : undefined
    try {
      return await client.query({ text, values: values as unknown[], ...(name !== undefined && { name }) })
    } catch (error) {
      // After an error that the server did not send, the state of the connection and of its transaction is unknown. A named
      // statement whose result has changed with the tables fails until the connection is replaced.
      if (!(error instanceof pg.DatabaseError) || error.code === changedResult) isBroken = true
      throw toStoreError(error)
    }
  }
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: () => client.release(isBroken),
  }
}
