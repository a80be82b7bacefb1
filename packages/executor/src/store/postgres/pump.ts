// Pump of a node: takes wake-ups, claims their executions, gives the leases to the worker, and keeps what it holds.
import type { Worker, Working } from '../execution-store.ts'
import { Batcher } from './batcher.ts'
import { claimExecutions, readClaimed, type ClaimedRow } from './claim-executions.ts'
import type { GroupCommitter } from './group-committer.ts'
import { haveMessages, keysWithMessages, readMessages } from './inbox.ts'
import { isUnreadable } from './payload.ts'
import { PostgresLease } from './postgres-lease.ts'
import { RepeatingTask } from './repeating-task.ts'
import { isContention } from './store-errors.ts'
import type { StoreParts } from './store-parts.ts'
import { messageTopic, topicOf } from './topics.ts'
import { touchIntervalMs, type WakeUpJob } from './wake-ups.ts'

/** Maximum number of executions that are claimed at once. */
const maxClaims = 16
/** Milliseconds between two looks for work and for messages, when no notification arrives. */
const pollIntervalMs = 1_000
/** Milliseconds to a further look for work that may not have been found by the last one. */
const lookSoonMs = 200
/** Milliseconds after which an execution that could not be decrypted is claimed again. */
const unreadableRetryMs = 10_000

/** Maximum number of inboxes that are looked into at once. */
const maxInboxes = 64

interface PumpOptions {
  readonly parts: StoreParts
  readonly committer: GroupCommitter
  readonly worker: Worker
  /** Maximum number of executions of one tenant that run at the same time, on all nodes. */
  readonly maxRunningPerTenant: number
  readonly onError: (error: unknown) => void
}

/** Execution that was claimed because of a wake-up. */
interface Taken {
  readonly job: WakeUpJob
  readonly row: ClaimedRow
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
  /** Finds out whether inboxes have messages, of several executions at once. */
  readonly #inboxes: Batcher<string, boolean>
  readonly #keeping: readonly RepeatingTask[]
  /** Number of executions that are claimed and not given to the worker yet. */
  #starting = 0
  #isStopping = false
  /** Whether the node had no place at the last look for work. */
  #isFull = false
  #lookTimer: NodeJS.Timeout | undefined

  constructor(options: PumpOptions) {
    this.#options = options
    const { parts, committer, onError } = options
    this.#inboxes = new Batcher({
      maxItems: maxInboxes,
      run: (keys) => haveMessages(parts.db, keys),
      isOfOneItem: () => false,
    })
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

  /** Looks for work again, because the node has places: at once if it had none, and otherwise soon. */
  wake(): void {
    if (this.#isFull) this.look()
    else this.#lookSoon()
  }

  /** Looks for work, because there is some. */
  look(): void {
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
    clearTimeout(this.#lookTimer)
    await this.#fetching.stop()
    while (this.#runs.size > 0) await Promise.all(this.#runs)
    await Promise.all(this.#keeping.map((task) => task.stop()))
  }

  async #fetch(): Promise<void> {
    const { worker, parts, maxRunningPerTenant } = this.#options
    for (;;) {
      const places = Math.min(worker.places() - this.#starting, maxClaims)
      this.#isFull = places <= 0
      if (this.#isFull || this.#isStopping) return
      const takenAt = performance.now()
      const jobs = await parts.wakeUps.fetch(places, maxRunningPerTenant)
      for (const job of jobs) this.#held.set(job, undefined)
      if (jobs.length > 0) await this.#claim(jobs, takenAt)
      if (jobs.length < places) {
        // Executions of a tenant that runs as many as it may can have taken the places of others.
        if (jobs.length > 0) this.#lookSoon()
        return
      }
    }
  }

  #lookSoon(): void {
    if (this.#isStopping) return
    this.#lookTimer ??= setTimeout(() => {
      this.#lookTimer = undefined
      this.look()
    }, lookSoonMs)
  }

  async #claim(jobs: readonly WakeUpJob[], takenAt: number): Promise<void> {
    const { parts, worker } = this.#options
    const keys = jobs.map(({ key }) => key)
    try {
      const rows = await claimExecutions(parts.db, worker.node, keys)
      const byKey = new Map(rows.map((row) => [row.key, row]))
      this.#discard(jobs.filter(({ key }) => !byKey.has(key)))
      for (const job of jobs) {
        const row = byKey.get(job.key)
        if (row !== undefined) this.#start({ job, row, takenAt })
      }
    } catch (error) {
      // A row that is locked for long must not keep the others.
      if (isContention(error) && jobs.length > 1) for (const job of jobs) await this.#claim([job], takenAt)
      else await this.#giveBack(jobs, error)
    }
  }

  /** Completes the wake-ups of executions that have ended or do not exist. */
  #discard(jobs: readonly WakeUpJob[]): void {
    if (jobs.length === 0) return
    const { parts, onError } = this.#options
    for (const job of jobs) this.#held.delete(job)
    this.#keepUntilDone(parts.wakeUps.complete(parts.db, jobs).catch(onError))
  }

  /** Lets `stop` wait for work. */
  #keepUntilDone(work: Promise<void>): void {
    const kept = work.finally(() => this.#runs.delete(kept))
    this.#runs.add(kept)
  }

  async #giveBack(jobs: readonly WakeUpJob[], error: unknown): Promise<void> {
    for (const job of jobs) this.#held.delete(job)
    this.#options.onError(error)
    // Jobs that cannot be given back return to the queue, because they are no longer touched.
    await this.#options.parts.wakeUps.giveBack(jobs)
  }

  /** Gives back an execution that cannot be decrypted. It is claimed again later, here or by a node that has the key. */
  async #postpone({ key, tenant, id, owner, epoch }: ClaimedRow, job: WakeUpJob): Promise<void> {
    const ending = { type: 'release', job, wakeAt: Date.now() + unreadableRetryMs } as const
    await this.#options.committer.commit({
      key,
      tenant,
      owner,
      topic: topicOf(tenant, id),
      epoch,
      position: 0,
      entries: [],
      payloads: [],
      ending,
    })
  }

  #start(taken: Taken): void {
    const { job } = taken
    this.#starting += 1
    const run = this.#run(taken).catch(this.#options.onError)
    this.#keepUntilDone(
      run.finally(() => {
        this.#held.delete(job)
        this.wake()
      }),
    )
  }

  async #run({ job, row, takenAt }: Taken): Promise<void> {
    const { worker, parts, committer } = this.#options
    const topic = topicOf(row.tenant, row.id)
    let lease: PostgresLease
    try {
      lease = new PostgresLease({
        claimed: await readClaimed(parts, row),
        payloads: parts.payloads,
        job,
        takenAt,
        topic,
        commit: (commit) => committer.commit(commit),
        readMessages: async () => ((await this.#inboxes.run(row.key)) ? readMessages(parts, row) : []),
      })
    } catch (error) {
      return isUnreadable(error) ? this.#postpone(row, job) : this.#giveBack([job], error)
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
      for (const job of await this.#options.parts.wakeUps.touch([...held.keys()])) {
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
        this.#options.parts.db,
        leases.map(({ key }) => key),
      ),
    )
    for (const lease of leases) if (keys.has(lease.key)) lease.notify()
  }
}
