import type { StoredRuntime } from '../execution-store.ts'
import { deleteOldRuntimes, touchRuntime } from './guest-runtimes.ts'
import { wakeExpired, wakeForgotten } from './maintenance.ts'
import { markDead } from './notification-rows.ts'
import { RepeatingTask } from './repeating-task.ts'
import { Retention } from './retention.ts'
import { SessionExpiry } from './sessions/expire-sessions.ts'
import type { StoreParts } from './store-parts.ts'

const intervalMs = 5_000
/** Milliseconds between two searches for executions whose wake-ups are gone. */
const searchIntervalMs = 60_000

interface MaintenanceOptions {
  readonly parts: StoreParts
  /** Milliseconds for which finished executions are kept. */
  readonly retainMs: number
  readonly runtime?: StoredRuntime | undefined
  /** Called when executions were woken. */
  readonly onWork: () => void
  /** Called with the ids of notifications that are not sent again by themselves. */
  readonly onDeadNotification?: ((ids: readonly string[]) => void) | undefined
  readonly onError: (error: unknown) => void
}

/** Work on the database that each node does from time to time, for all executions. */
export class StoreMaintenance {
  readonly #options: MaintenanceOptions
  readonly #retention: Retention
  readonly #sessions: SessionExpiry
  readonly #repeating: RepeatingTask
  readonly #closing = new AbortController()
  #nextSearchAt = 0

  constructor(options: MaintenanceOptions) {
    const { parts, retainMs, onError } = options
    this.#options = options
    this.#retention = new Retention(parts.db, retainMs)
    this.#sessions = new SessionExpiry(parts.db)
    this.#repeating = new RepeatingTask({ intervalMs, task: () => this.#maintain(), onError })
  }

  async stop(): Promise<void> {
    this.#closing.abort()
    await this.#repeating.stop()
  }

  async #maintain(): Promise<void> {
    const { parts, runtime, onWork, onDeadNotification } = this.#options
    const { db, wakeUps, notifications } = parts
    if (runtime !== undefined) await touchRuntime(db, runtime.hash)
    if ((await wakeExpired(db, wakeUps)) > 0) onWork()
    await wakeUps.recoverDeadLetters(db)
    if (performance.now() >= this.#nextSearchAt) {
      if ((await wakeForgotten(db, wakeUps)) > 0) onWork()
      this.#nextSearchAt = performance.now() + searchIntervalMs
    }
    await notifications.takeDead(async (numbers) => {
      const ids = await markDead(db, numbers)
      if (ids.length > 0) onDeadNotification?.(ids)
    })
    await this.#sessions.expire(this.#closing.signal)
    await this.#retention.deleteOld(this.#closing.signal)
    await deleteOldRuntimes(db)
  }
}
