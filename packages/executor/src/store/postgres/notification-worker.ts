import type { SendNotification } from '../stored-notification.ts'
import type { NotificationJob } from './notification-queue.ts'
import { deleteDelivered, findOutgoing, recordFailure } from './notification-rows.ts'
import { isUnreadable } from './payload.ts'
import { RepeatingTask } from './repeating-task.ts'
import type { StoreParts } from './store-parts.ts'

/** Maximum number of attempts at the same time: of this node, and of one tenant on all nodes. */
const maxAttempts = 16
const maxAttemptsPerTenant = 8
/** Milliseconds between two looks for notifications that are due. */
const pollIntervalMs = 1_000

interface NotificationWorkerOptions {
  readonly parts: StoreParts
  readonly send: SendNotification
  readonly onError: (error: unknown) => void
}

/** Worker of a node that delivers notifications. */
export class NotificationWorker {
  readonly #options: NotificationWorkerOptions
  readonly #closing = new AbortController()
  readonly #attempts = new Set<Promise<void>>()
  readonly #fetching: RepeatingTask

  constructor(options: NotificationWorkerOptions) {
    this.#options = options
    const { onError } = options
    this.#fetching = new RepeatingTask({ intervalMs: pollIntervalMs, task: () => this.#fetch(), onError })
  }

  /** Looks for notifications, because some may be due. */
  wake(): void {
    this.#fetching.wake()
  }

  /** Aborts the attempts that are under way; they are made again, by another node or after the next start. */
  async stop(): Promise<void> {
    this.#closing.abort(new Error('the executor is shutting down'))
    await this.#fetching.stop()
    await Promise.all(this.#attempts)
  }

  async #fetch(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const places = maxAttempts - this.#attempts.size
      const jobs = places > 0 ? await this.#options.parts.notifications.fetch(places, maxAttemptsPerTenant) : []
      if (jobs.length === 0) return
      for (const job of jobs) this.#start(job)
    }
  }

  #start(job: NotificationJob): void {
    // After an error of the database, the job returns to the queue when its time is over.
    const attempt = this.#attempt(job)
      .catch(this.#options.onError)
      .finally(() => {
        this.#attempts.delete(attempt)
        this.wake()
      })
    this.#attempts.add(attempt)
  }

  async #attempt(job: NotificationJob): Promise<void> {
    const { parts, send } = this.#options
    const { db, notifications: queue } = parts
    const { signal } = this.#closing
    try {
      const notification = await findOutgoing(parts, job.number)
      if (notification === undefined) return await queue.complete(db, job)
      const problem = await send(notification, signal)
      if (problem === undefined) return await deleteDelivered(db, queue, job)
      if (!signal.aborted) await recordFailure(db, job.number, problem)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      await recordFailure(db, job.number, 'the notification is stored encrypted, and its key is not configured')
    }
    await queue.fail(job)
  }
}
