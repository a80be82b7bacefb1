// Queue of notifications: each job says that one notification is to be delivered. A job holds only the number of the
// notification's row, and the row decides: a job without a row is completed and does nothing.
import { fromKysely, type JobAttempt, type PgBoss, type QueueOptions } from 'pg-boss'

import type { Database } from './database.ts'

const queue = 'notification'
/** Queue of jobs whose attempts are used up. */
const deadLetters = 'notification-dead-letter'

/**
 * Retries for about a day: the backoff doubles from 5 to 10 s up to an hour, which it reaches after about two hours and
 * ten attempts, and stays there.
 */
const retries = { retryLimit: 32, retryDelay: 5, retryBackoff: true, retryDelayMax: 3_600 }

const queueOptions: QueueOptions = {
  // Time after which the attempt of a node that is gone counts as failed; longer than any attempt.
  expireInSeconds: 60,
  retentionSeconds: 7 * 86_400,
  deleteAfterSeconds: 60,
}

/** Notification to be delivered, by the number of its row. */
interface NotificationJobData {
  readonly number: string
}

/** Attempt to deliver a notification. */
export interface NotificationJob extends JobAttempt {
  readonly number: string
}

/** Creates or updates the queues. */
export async function installNotificationQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue(deadLetters, { ...queueOptions, retryLimit: 1_000_000 })
  // A notification that is sent again while one of its jobs waits to be taken gets no second one.
  await boss.createQueue(queue, { ...queueOptions, ...retries, policy: 'short', deadLetter: deadLetters })
}

/** Queue of notifications. */
export class NotificationQueue {
  readonly #boss: PgBoss

  constructor(boss: PgBoss) {
    this.#boss = boss
  }

  /** Sends jobs in the transaction of `db`. */
  async send(db: Database, rows: readonly { readonly number: string; readonly tenant: string }[]): Promise<void> {
    if (rows.length === 0) return
    const jobs = rows.map(({ number, tenant }) => ({
      data: { number } satisfies NotificationJobData,
      singletonKey: number,
      group: { id: tenant },
    }))
    await this.#boss.insert(queue, jobs, { db: fromKysely(db) })
  }

  /** Takes jobs that are due. `perTenant` is the maximum number of attempts of one tenant at the same time. */
  async fetch(count: number, perTenant: number): Promise<NotificationJob[]> {
    const jobs = await this.#boss.fetch<NotificationJobData>(queue, { batchSize: count, groupConcurrency: perTenant })
    return jobs.map(({ id, retryCount, data }) => ({ id, retryCount, number: data.number }))
  }

  /** Completes a job in the transaction of `db`. */
  async complete(db: Database, { id, retryCount }: NotificationJob): Promise<void> {
    await this.#boss.complete(queue, { id, retryCount }, null, { db: fromKysely(db) })
  }

  /** Ends an attempt that failed: the job is delivered again after its backoff, or becomes a dead letter. */
  async fail({ id, retryCount }: NotificationJob): Promise<void> {
    await this.#boss.fail(queue, { id, retryCount })
  }

  /** Takes dead letters, and completes them when the function has resolved. */
  async takeDead(handle: (numbers: readonly string[]) => Promise<void>): Promise<void> {
    const jobs = await this.#boss.fetch<NotificationJobData>(deadLetters, { batchSize: 100 })
    if (jobs.length === 0) return
    await handle(jobs.map(({ data }) => data.number))
    await this.#boss.complete(
      deadLetters,
      jobs.map(({ id, retryCount }) => ({ id, retryCount })),
    )
  }
}
