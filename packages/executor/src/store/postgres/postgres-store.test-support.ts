import { startPostgres, type PostgresServer } from '@codemode/testkit'
import { newExecutionId, type JournalEntry } from '@codemode/shared'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'

import { headerOf } from '../../engine/state/journal.test-support.ts'
import { LeaseLost, type ExecutionFacts, type Lease, type NewExecution, type Worker } from '../execution-store.ts'
import { openPool } from './connection-pool.ts'
import { createDatabase } from './database.ts'
import { startJobs } from './job-server.ts'
import { Payloads } from './payload.ts'
import { PostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
import type { StoreParts } from './store-parts.ts'

/** Returns a server for the tests of a file, and functions that work on it. */
export function useServer() {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  let databases = 0
  return {
    get server() {
      return server
    },
    /** Creates a database for one test, and returns its URL. Statements set it up. */
    async createDatabase(...statements: string[]): Promise<string> {
      databases += 1
      const name = `test${databases}`
      await query(server.url, `create database ${name}`)
      const url = server.url.replace('/postgres?', `/${name}?`)
      for (const statement of statements) await query(url, statement)
      return url
    },
  }
}

/** Runs a statement on a connection of its own. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values)
    return rows
  } finally {
    await client.end()
  }
}

/**
 * Waits for the writes to executions and sessions that are under way. The maintenance of a store may do the same as a test at
 * the same time, whose own pass then skips the rows that are locked.
 */
export async function writesEnded(url: string): Promise<void> {
  await query(url, 'begin; lock table codemode.executions, codemode.sessions in share mode; commit')
}

/** Starts a store. Failures in the background fail the test, unless it takes them. */
export function startStore(url: string, options: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
  return PostgresStore.start({
    url,
    // Connections of a busy server come late; tests of this timeout set a shorter one.
    connectTimeoutMs: 30_000,
    onError: (error) => {
      throw error
    },
    ...options,
  })
}

/** Payloads in clear text. */
export const clearPayloads = new Payloads({ keys: [], onUnreadable: () => {} })

/** Opens what a store consists of, for tests of its parts. */
export async function openParts(
  url: string,
  { statementTimeoutMs = 5_000 } = {},
): Promise<StoreParts & AsyncDisposable> {
  const connection = { url, maxConnections: 5, connectTimeoutMs: 30_000, statementTimeoutMs }
  const jobs = await startJobs(connection, () => {})
  const db = createDatabase(openPool(connection))
  return {
    db,
    wakeUps: jobs.wakeUps,
    notifications: jobs.notifications,
    payloads: clearPayloads,
    async [Symbol.asyncDispose]() {
      await jobs.stop()
      await db.destroy()
    },
  }
}

/** Returns an execution to store. */
export function newExecution(facts: Partial<ExecutionFacts> = {}, maxQueued = 1_000): NewExecution {
  const id = facts.id ?? newExecutionId()
  return {
    facts: {
      id,
      tenant: 'acme',
      owner: 'ann',
      keyId: 'key',
      correlationId: 'cor_0000000000000000',
      bodyHash: 'hash',
      isolation: 'tenant',
      reuseIsolates: true,
      expiresAfterMs: 600_000,
      ...facts,
    },
    header: headerOf({ executionId: id }),
    maxQueued,
  }
}

/** Returns the entry of an answer to the call with this number. */
export function answer(call: number, text = '1'): JournalEntry {
  return { type: 'answer', at: Date.now(), call, ok: true, text }
}

/** Worker that runs leases by a function. */
export function worker(node: string, run: (lease: Lease) => Promise<unknown> | void, maxRunning = 20): Worker {
  let running = 0
  return {
    node,
    places: () => maxRunning - running,
    async run(lease) {
      running += 1
      try {
        await run(lease)
      } catch (error) {
        // On a slow machine another claim may come before the end of a restart.
        if (!(error instanceof LeaseLost)) throw error
      } finally {
        running -= 1
      }
    },
  }
}

/** Ends an execution successfully. */
export function complete(lease: Lease, ...entries: JournalEntry[]): Promise<void> {
  return lease.finish(entries, { status: 'completed', finishedAt: Date.now() })
}

/** Returns a function that runs leases in turn by the given functions, and a promise of the end of the last one. */
export function inTurn(...runs: ((lease: Lease) => Promise<unknown>)[]) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let next = 0
  const run = async (lease: Lease) => {
    try {
      await runs[next++]?.(lease)
      if (next === runs.length) resolve()
    } catch (error) {
      reject(error)
    }
  }
  return { run, done: promise }
}
