// Pump of a node: takes wake-ups, claims their executions, gives the leases to the worker, and keeps what it holds.
import type { Worker, Working } from '../execution-store.ts'
import { claimExecutions, readEntries, type ClaimedExecution } from './claim-executions.ts'
import type { Database } from './database.ts'
import type { GroupCommitter } from './group-committer.ts'
import { readMessages, keysWithMessages } from './inbox.ts'
import { messageTopic, topicOf } from './topics.ts'
import { PostgresLease } from './postgres-lease.ts'
import { RepeatingTask } from './repeating-task.ts'
import { isContention } from './store-errors.ts'
import { touchIntervalMs, type WakeUpJob, type WakeUps } from './wake-ups.ts'

/** Maximum number of executions that are claimed at once. */
const maxClaims = 16
/** Milliseconds between two looks for work and for messages, when no notification arrives. */
const pollIntervalMs = 1_000

interface PumpOptions {
  readonly db: Database
  readonly wakeUps: WakeUps
  readonly committer: GroupCommitter
  readonly worker: Worker
  /** Maximum number of executions of one tenant that run at the same time, on all nodes. */
  readonly maxRunningPerTenant: number
  readonly onError: (error: unknown) => void
}

/** Execution that was claimed because of a wake-up. */
interface Taken {
  readonly job: WakeUpJob
  readonly claimed: ClaimedExecution
  /** Time before the wake-up was taken, by `performance.now`. */
  readonly takenAt: number
}

/** Pump of a worker. */
export class Pump implements Working {
  readonly #options: PumpOptions
  /** Jobs that are touched, with their leases once these are there. */
  readonly #held = new Map<WakeUpJob, PostgresLease | undefined>()
  /** Leases by the topic of their messages. */
  readonly #leases = new Map<string, PostgresLease>()
  readonly #runs = new Set<Promise<void>>()
  readonly #fetching: RepeatingTask
  readonly #keeping: readonly RepeatingTask[]
  /** Number of executions that are claimed and not given to the worker yet. */
  #starting = 0
  #isStopping = false

  constructor(options: PumpOptions) {
    this.#options = options
    const { committer, onError } = options
    this.#fetching = new RepeatingTask({ intervalMs: pollIntervalMs, task: () => this.#fetch(), onError })
    this.#keeping = [
      new RepeatingTask({
        intervalMs: touchIntervalMs,
        task: () => committer.between(() => this.#touch()),
        onError,
      }),
      new RepeatingTask({ intervalMs: pollIntervalMs, task: () => this.#pollInboxes(), onError }),
    ]
  }

  wake(): void {
    this.#fetching.wake()
  }

  /** Tells the holder of a lease that messages may have arrived. */
  onTopic(topic: string): void {
    this.#leases.get(topic)?.notify()
  }

  /** Polls, because notifications may have been missed. */
  onMissed(): void {
    this.#fetching.wake()
    this.#keeping[1]?.wake()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#fetching.stop()
    while (this.#runs.size > 0) await Promise.all(this.#runs)
    await Promise.all(this.#keeping.map((task) => task.stop()))
  }

  async #fetch(): Promise<void> {
    const { worker, wakeUps, maxRunningPerTenant } = this.#options
    for (;;) {
      const places = Math.min(worker.places() - this.#starting, maxClaims)
      if (places <= 0 || this.#isStopping) return
      const takenAt = performance.now()
      const jobs = await wakeUps.fetch(places, maxRunningPerTenant)
      if (jobs.length === 0) return
      for (const job of jobs) this.#held.set(job, undefined)
      await this.#claim(jobs, takenAt)
    }
  }

  async #claim(jobs: readonly WakeUpJob[], takenAt: number): Promise<void> {
    const { db, worker } = this.#options
    const keys = jobs.map(({ key }) => key)
    try {
      const claimed = await claimExecutions(db, worker.node, keys)
      const byKey = new Map(claimed.map((execution) => [execution.key, execution]))
      for (const job of jobs) {
        const execution = byKey.get(job.key)
        if (execution === undefined) this.#discard(job)
        else this.#start({ job, claimed: execution, takenAt })
      }
    } catch (error) {
      // A row that is locked for long must not keep the others.
      if (isContention(error) && jobs.length > 1) for (const job of jobs) await this.#claim([job], takenAt)
      else await this.#giveBack(jobs, error)
    }
  }

  /** Completes the wake-up of an execution that has ended or does not exist. */
  #discard(job: WakeUpJob): void {
    const { db, wakeUps, onError } = this.#options
    this.#held.delete(job)
    wakeUps.complete(db, [job]).catch(onError)
  }

  async #giveBack(jobs: readonly WakeUpJob[], error: unknown): Promise<void> {
    for (const job of jobs) this.#held.delete(job)
    this.#options.onError(error)
    // Jobs that cannot be given back return to the queue, because they are no longer touched.
    await this.#options.wakeUps.giveBack(jobs)
  }

  #start(taken: Taken): void {
    const { job } = taken
    this.#starting += 1
    const run = this.#run(taken)
      .catch(this.#options.onError)
      .finally(() => {
        this.#held.delete(job)
        this.#runs.delete(run)
        this.wake()
      })
    this.#runs.add(run)
  }

  async #run({ job, claimed, takenAt }: Taken): Promise<void> {
    const { worker, db, committer } = this.#options
    const { tenant, id } = claimed.execution.facts
    const topic = topicOf(tenant, id)
    let lease: PostgresLease
    try {
      lease = new PostgresLease({
        claimed,
        job,
        takenAt,
        topic,
        entries: claimed.epoch === 1 ? [] : await readEntries(db, claimed.key, 0),
        commit: (commit) => committer.commit(commit),
        readMessages: () => readMessages(db, claimed.key),
      })
    } catch (error) {
      return this.#giveBack([job], error)
    } finally {
      this.#starting -= 1
    }
    this.#held.set(job, lease)
    const messages = messageTopic(topic)
    this.#leases.set(messages, lease)
    try {
      await worker.run(lease)
    } finally {
      if (this.#leases.get(messages) === lease) this.#leases.delete(messages)
    }
  }

  async #touch(): Promise<void> {
    const held = new Map(this.#held)
    if (held.size === 0) return
    const at = performance.now()
    try {
      for (const job of await this.#options.wakeUps.touch([...held.keys()])) {
        this.#held.get(job)?.lose('the node did not keep the wake-up of the execution in time')
        this.#held.delete(job)
        held.delete(job)
      }
      for (const lease of held.values()) lease?.touched(at)
    } catch (error) {
      for (const lease of held.values()) lease?.touchFailed()
      throw error
    }
  }

  async #pollInboxes(): Promise<void> {
    const leases = [...this.#leases.values()]
    const keys = new Set(
      await keysWithMessages(
        this.#options.db,
        leases.map(({ key }) => key),
      ),
    )
    for (const lease of leases) if (keys.has(lease.key)) lease.notify()
  }
}
