// pg-boss, whose queues the store uses: its tables, its connections and its supervision.
import type { PostgresPool } from 'kysely'
import { PgBoss, type Db } from 'pg-boss'

import { clientConfig, openPool, type ConnectionOptions } from './connection-pool.ts'
import { installNotificationQueue, NotificationQueue } from './notification-queue.ts'
import { bossSchema, installWakeUps, WakeUps } from './wake-ups.ts'

/** Number of connections for taking, touching and completing jobs, and for the maintenance of pg-boss. */
const bossConnections = 2

/** Queues of the store. */
export interface JobQueues {
  readonly wakeUps: WakeUps
  readonly notifications: NotificationQueue
}

/** Running pg-boss with the queues of the store. */
export interface JobServer extends JobQueues {
  stop(): Promise<void>
}

/** Creates or updates the tables and queues of pg-boss. */
export async function installJobs(options: ConnectionOptions): Promise<void> {
  const boss = new PgBoss({
    ...(clientConfig(options) as { connectionString: string }),
    max: options.maxConnections,
    schema: bossSchema,
    supervise: false,
    schedule: false,
    registerInstance: false,
  })
  boss.on('error', () => {})
  try {
    await boss.start()
    await installWakeUps(boss)
    await installNotificationQueue(boss)
  } finally {
    await boss.stop({ graceful: false })
  }
}

/** Starts to supervise the queues: deliveries of jobs that are no longer touched, or take too long, return to them. */
export async function startJobs(connection: ConnectionOptions, onError: (error: unknown) => void): Promise<JobServer> {
  // Taking, touching and giving back are done again if a crash of the server undoes them. Jobs are sent and completed in
  // transactions of the store, which are on disk when they are answered, and all that was before them.
  const pool = openPool({ ...connection, maxConnections: bossConnections, isAsynchronous: true })
  const boss = new PgBoss({
    db: poolAdapter(pool),
    schema: bossSchema,
    schedule: false,
    registerInstance: false,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: 60,
    openTelemetry: { enabled: false },
    reindex: false,
  })
  boss.on('error', onError)
  try {
    await boss.start()
  } catch (error) {
    await pool.end()
    throw error
  }
  const wakeUps = new WakeUps(boss, onError)
  return {
    wakeUps,
    notifications: new NotificationQueue(boss),
    async stop() {
      await wakeUps.settled()
      await boss.stop({ graceful: false })
      await pool.end()
    },
  }
}

/** Returns what runs pg-boss's own statements. Some are several in one text, with a transaction of their own. */
function poolAdapter(pool: PostgresPool): Db {
  return {
    async executeSql(text, values = []) {
      const client = await pool.connect()
      try {
        return await client.query(text, values)
      } catch (error) {
        await client.query('rollback', []).catch(() => {})
        throw error
      } finally {
        client.release()
      }
    },
  }
}
