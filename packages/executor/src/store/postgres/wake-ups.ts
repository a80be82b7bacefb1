// Queue of wake-ups: each job says that one execution can go on. pg-boss gives a job to one node, and again to another one
// when the first has stopped touching it. A delivery is a hint and not a right: the right is the lease (claim.ts).
import { sql, type RawBuilder } from 'kysely'
import { fromKysely, type JobAttempt, type PgBoss, type QueueOptions } from 'pg-boss'

import { Batcher } from './batcher.ts'
import type { Database } from './database.ts'

/** Schema of the tables of pg-boss. */
export const bossSchema = 'codemode_jobs'

const queue = 'wake-up'
/** Queue of jobs that pg-boss has given up; `recoverDeadLetters` sends them again. */
const deadLetters = 'wake-up-dead-letter'

/** Seconds without a touch after which a job is given to another node; the minimum of pg-boss. */
const heartbeatSeconds = 10
/** Milliseconds between two touches. */
export const touchIntervalMs = 3_000

/** Maximum number of wake-ups that are completed by one statement. */
const maxCompletions = 64
/** Milliseconds in which wake-ups are gathered that are completed in the background. */
const completionGatherMs = 20

const day = 86_400
const queueOptions: QueueOptions = {
  heartbeatSeconds,
  retryLimit: 1_000_000,
  retryDelay: 0,
  expireInSeconds: day,
  // Longer than any execution lives, parked on a timer.
  retentionSeconds: 60 * day,
  deleteAfterSeconds: 60,
}

/** Wake-up of an execution. */
export interface WakeUp {
  readonly key: string
  readonly tenant: string
  /** Time from which it is delivered, in milliseconds since the epoch; at once by default. */
  readonly at?: number | undefined
}

/** Delivered wake-up. */
export interface WakeUpJob extends JobAttempt {
  readonly key: string
}

interface WakeUpData {
  readonly key: string
}

/** Creates or updates the queues. */
export async function installWakeUps(boss: PgBoss): Promise<void> {
  await boss.createQueue(deadLetters, queueOptions)
  await boss.createQueue(queue, { ...queueOptions, policy: 'stately', deadLetter: deadLetters })
}

/** Queue of wake-ups. One execution has at most one waiting and one delivered job. */
export class WakeUps {
  readonly #boss: PgBoss
  readonly #onError: (error: unknown) => void
  readonly #completing: Batcher<JobAttempt, undefined>
  /** Completions under way. */
  readonly #pending = new Set<Promise<void>>()
  /** End of the last statement that locks rows of several wake-ups. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(boss: PgBoss, onError: (error: unknown) => void) {
    this.#boss = boss
    this.#onError = onError
    this.#completing = new Batcher({
      maxItems: maxCompletions,
      gatherMs: completionGatherMs,
      run: async (jobs) => {
        await this.#oneByOne(() => this.#boss.complete(queue, jobs.map(attemptOf)))
        return jobs.map(() => undefined)
      },
      isOfOneItem: () => false,
    })
  }

  /** Sends wake-ups. If one of an execution waits already, its time is changed. */
  async send(db: Database, wakeUps: readonly WakeUp[]): Promise<void> {
    if (wakeUps.length === 0) return
    const options = { db: fromKysely(db), returnId: true }
    const sent = await this.#boss.insert(queue, wakeUps.map(jobOf), options)
    if (sent?.length === wakeUps.length) return
    for (const { data, ...job } of wakeUps.map(jobOf)) await this.#boss.upsert(queue, data, { ...job, ...options })
  }

  /** Takes wake-ups that are due. `perTenant` is the maximum number of delivered wake-ups of one tenant. */
  async fetch(count: number, perTenant: number): Promise<WakeUpJob[]> {
    const jobs = await this.#boss.fetch<WakeUpData>(queue, { batchSize: count, groupConcurrency: perTenant })
    return jobs.map(({ id, retryCount, data }) => ({ id, retryCount, key: data.key }))
  }

  /** Completes delivered wake-ups. Jobs that were given to another node meanwhile are left alone. */
  async complete(db: Database, jobs: readonly JobAttempt[]): Promise<void> {
    await this.#boss.complete(queue, jobs.map(attemptOf), null, { db: fromKysely(db) })
  }

  /** Completes a delivered wake-up in the background, together with others. */
  completeSoon(job: JobAttempt): void {
    const completed = this.#completing
      .run(job)
      .catch(this.#onError)
      .then(() => void this.#pending.delete(completed))
    this.#pending.add(completed)
  }

  /** Gives delivered wake-ups back, to be delivered again at once. */
  async giveBack(jobs: readonly JobAttempt[]): Promise<void> {
    await this.#boss.fail(queue, jobs.map(attemptOf))
  }

  /** Keeps delivered wake-ups for `heartbeatSeconds` more. Returns those that were lost. */
  touch<Job extends JobAttempt>(jobs: readonly Job[]): Promise<Job[]> {
    return this.#oneByOne(() => this.#touch(jobs))
  }

  async #touch<Job extends JobAttempt>(jobs: readonly Job[]): Promise<Job[]> {
    if (await this.#areTouched(jobs)) return []
    const lost: Job[] = []
    for (const job of jobs) if (!(await this.#areTouched([job]))) lost.push(job)
    return lost
  }

  /** Runs a statement that locks rows of several wake-ups after the one before: two at a time could deadlock. */
  #oneByOne<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run)
    this.#last = result.catch(() => {})
    return result
  }

  async #areTouched(jobs: readonly JobAttempt[]): Promise<boolean> {
    const response = await this.#boss.touch(queue, jobs.map(attemptOf))
    // The declared type of the response has no fields (pg-boss 12.38).
    return (response as { affected: number }).affected === jobs.length
  }

  /** Sends the wake-ups again that pg-boss has given up. */
  async recoverDeadLetters(db: Database): Promise<void> {
    const jobs = await this.#boss.fetch<WakeUpData>(deadLetters, { batchSize: 100 })
    for (const { id, retryCount, data, groupId } of jobs) {
      await this.send(db, [{ key: data.key, tenant: groupId ?? '' }])
      await this.#boss.complete(deadLetters, { id, retryCount })
    }
  }

  /** Resolves when the completions in the background have been done. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }
}

/** Returns the condition that the execution with a key has a wake-up, waiting or delivered. */
export function hasWakeUp(key: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`exists (
    select from ${sql.table(`${bossSchema}.job`)} where name = ${queue} and state <= 'active' and singleton_key = ${key}::text
  )`
}

/** Returns the condition that the wake-up of an execution with a key is delivered now, or within the given milliseconds. */
export function isWokenWithin(ms: number, key: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`exists (
    select from ${sql.table(`${bossSchema}.job`)} where name = ${queue} and state <= 'active'
      and singleton_key = ${key}::text and start_after <= now() + ${ms}::float8 * interval '1 ms'
  )`
}

function jobOf({ key, tenant, at }: WakeUp) {
  return {
    data: { key } satisfies WakeUpData,
    singletonKey: key,
    group: { id: tenant },
    // Without a time it must not be a date of the past, because pg-boss deletes old jobs.
    startAfter: at === undefined ? 0 : new Date(at).toISOString(),
  }
}

const attemptOf = ({ id, retryCount }: JobAttempt): JobAttempt => ({ id, retryCount })
