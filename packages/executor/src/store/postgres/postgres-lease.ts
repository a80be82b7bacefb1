import type { JournalEntry } from '@codemode/shared'

import {
  LeaseLost,
  type AppendOptions,
  type ApprovalNotice,
  type Lease,
  type ParkOptions,
  type ReceivedMessage,
  type StatusChange,
} from '../execution-store.ts'
import { notificationsOf } from '../notifications-of.ts'
import type { ClaimedExecution } from './claim-executions.ts'
import type { Commit, CommitOutcome } from './commit-group.ts'
import { maxUnavailableMs } from './group-committer.ts'
import type { NotificationRow } from './notification-rows.ts'
import { encodePayload } from './payload.ts'
import type { WakeUpJob } from './wake-ups.ts'

/** Milliseconds after which a touch of the wake-up no longer confirms the lease; a takeover comes after `heartbeatSeconds`. */
const confirmedMs = 8_000

interface PostgresLeaseOptions {
  readonly claimed: ClaimedExecution
  readonly entries: readonly JournalEntry[]
  readonly job: WakeUpJob
  /** Time before the wake-up was taken, by `performance.now`. */
  readonly takenAt: number
  readonly topic: string
  readonly commit: (commit: Commit) => Promise<CommitOutcome>
  readonly readMessages: () => Promise<ReceivedMessage[]>
}

/** Effects of a commit besides its entries. */
interface Effects extends Pick<Commit, 'change' | 'handled' | 'ending'> {
  readonly requested?: readonly ApprovalNotice[] | undefined
}

/** Lease of an execution in PostgreSQL. */
export class PostgresLease implements Lease {
  readonly key: string
  readonly job: WakeUpJob
  readonly execution
  readonly header
  readonly entries
  readonly epoch
  readonly expiresInMs
  readonly #options: PostgresLeaseOptions
  #position: number
  #lost: LeaseLost | undefined
  #touchedAt: number
  #confirmation: PromiseWithResolvers<void> | undefined
  #onMessage = () => {}

  constructor(options: PostgresLeaseOptions) {
    const { claimed, entries, job } = options
    this.#options = options
    this.key = claimed.key
    this.job = job
    this.execution = claimed.execution
    this.header = claimed.header
    this.entries = entries
    this.epoch = claimed.epoch
    this.expiresInMs = claimed.expiresInMs
    this.#position = entries.length
    this.#touchedAt = options.takenAt
  }

  confirm(): Promise<void> | undefined {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    if (performance.now() - this.#touchedAt < confirmedMs) return undefined
    this.#confirmation ??= Promise.withResolvers()
    return this.#confirmation.promise
  }

  async append(entries: readonly JournalEntry[], { change, handled, requested }: AppendOptions = {}): Promise<void> {
    await this.#commit(entries, { change, handled, requested })
  }

  async finish(entries: readonly JournalEntry[], change: StatusChange): Promise<void> {
    await this.#commit(entries, { change, ending: { type: 'finish', job: this.job } })
  }

  async park(entries: readonly JournalEntry[], options: ParkOptions): Promise<boolean> {
    const { wakeAt, ...effects } = options
    return this.#commit(entries, { ...effects, ending: { type: 'park', job: this.job, wakeAt } })
  }

  async release(): Promise<void> {
    await this.#commit([], { ending: { type: 'release', job: this.job } })
  }

  messages(): Promise<ReceivedMessage[]> {
    return this.#options.readMessages()
  }

  onMessage(listener: () => void): void {
    this.#onMessage = listener
  }

  /** Tells the holder that messages may have arrived. */
  notify(): void {
    this.#onMessage()
  }

  /** Takes note of a touch of the wake-up that began at this time, by `performance.now`. */
  touched(at: number): void {
    this.#touchedAt = at
    this.#confirmation?.resolve()
    this.#confirmation = undefined
  }

  /** Takes note of a touch that failed. A lease that was not confirmed for long counts as lost. */
  touchFailed(): void {
    if (performance.now() - this.#touchedAt > maxUnavailableMs) this.lose('the store was not available for too long')
  }

  /** Makes the next operation reject with `LeaseLost`. */
  lose(reason: string): LeaseLost {
    this.#lost ??= new LeaseLost(reason)
    this.#confirmation?.reject(this.#lost)
    this.#confirmation = undefined
    return this.#lost
  }

  /** Returns false if the execution cannot be parked. */
  async #commit(entries: readonly JournalEntry[], { requested, ...effects }: Effects): Promise<boolean> {
    if (this.#lost !== undefined) throw this.#lost
    const { claimed, topic, commit } = this.#options
    const position = this.#position
    this.#position += entries.length
    const outcome = await commit({
      key: claimed.key,
      tenant: claimed.execution.facts.tenant,
      topic,
      epoch: claimed.epoch,
      position,
      payloads: entries.map(encodePayload),
      notifications: this.#notificationsOf({ change: effects.change, requested }),
      ...effects,
    })
    if (outcome === 'lost') throw this.lose(`another node has claimed the execution after epoch ${claimed.epoch}`)
    if (outcome === 'has-messages') this.#position = position
    return outcome === 'committed'
  }

  #notificationsOf(changed: { change: Effects['change']; requested: Effects['requested'] }): NotificationRow[] {
    const { facts } = this.execution
    const { key } = this
    const at = Date.now()
    return notificationsOf(facts, { ...changed, position: this.#position, at }).map(({ id, message }) => ({
      key,
      tenant: facts.tenant,
      id,
      payload: encodePayload(message),
    }))
  }
}
