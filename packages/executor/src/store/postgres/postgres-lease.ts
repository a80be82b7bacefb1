import type { JournalEntry } from '@codemode/shared'

import {
  LeaseLost,
  type AppendOptions,
  type Lease,
  type ParkOptions,
  type ReceivedMessage,
  type StatusChange,
} from '../execution-store.ts'
import type { StepEnd } from '../session-store.ts'
import type { ClaimedExecution } from './claim-executions.ts'
import { storedRequest } from './approvals.ts'
import type { Commit, CommitOutcome, StoredChange } from './commit-group.ts'
import { maxUnavailableMs } from './group-committer.ts'
import { notificationRows } from './notification-rows.ts'
import type { Payloads } from './payload.ts'
import type { EndedStep } from './sessions/end-steps.ts'
import type { WakeUpJob } from './wake-ups.ts'

/** Milliseconds after which a touch of the wake-up no longer confirms the lease; a takeover comes after `heartbeatSeconds`. */
const confirmedMs = 8_000

interface PostgresLeaseOptions {
  readonly claimed: ClaimedExecution
  readonly payloads: Payloads
  readonly job: WakeUpJob
  /** Time before the wake-up was taken, by `performance.now`. */
  readonly takenAt: number
  readonly topic: string
  readonly commit: (commit: Commit) => Promise<CommitOutcome>
  readonly readMessages: () => Promise<ReceivedMessage[]>
}

/** Effects of a commit besides the append of its entries. */
interface Effects extends Pick<Commit, 'handled' | 'expired' | 'ending' | 'step'> {
  readonly change?: StatusChange | undefined
  readonly requested?: AppendOptions['requested'] | undefined
}

/** Lease of an execution in PostgreSQL. */
export class PostgresLease implements Lease {
  readonly key: string
  readonly job: WakeUpJob
  readonly execution
  readonly header
  readonly step
  readonly entries
  readonly epoch
  readonly expiresInMs
  readonly #options: PostgresLeaseOptions
  #position: number
  #lost: LeaseLost | undefined
  #touchedAt: number
  #confirmation: PromiseWithResolvers<void> | undefined
  #onMessage = () => {}
  /** Whether the execution has requested approvals, or may have done so under an earlier lease. */
  #hasApprovals: boolean

  constructor(options: PostgresLeaseOptions) {
    const { claimed, job } = options
    this.#options = options
    this.key = claimed.key
    this.job = job
    this.execution = claimed.execution
    this.header = claimed.header
    this.step = claimed.step
    this.entries = claimed.entries
    this.epoch = claimed.epoch
    this.expiresInMs = claimed.expiresInMs
    this.#position = claimed.entries.length
    this.#touchedAt = options.takenAt
    this.#hasApprovals = claimed.entries.length > 0
  }

  confirm(): Promise<void> | undefined {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    if (performance.now() - this.#touchedAt < confirmedMs) return undefined
    this.#confirmation ??= Promise.withResolvers()
    return this.#confirmation.promise
  }

  async append(entries: readonly JournalEntry[], options: AppendOptions = {}): Promise<void> {
    await this.#commit(entries, options)
  }

  async finish(entries: readonly JournalEntry[], change: StatusChange, step?: StepEnd): Promise<void> {
    const ending = { type: 'finish', job: this.job, cancelsApprovals: this.#hasApprovals } as const
    await this.#commit(entries, { change, ending, step: step && this.#ended(step) })
  }

  async park(entries: readonly JournalEntry[], options: ParkOptions): Promise<boolean> {
    const { wakeAt, reason, ...effects } = options
    return this.#commit(entries, { ...effects, ending: { type: 'park', job: this.job, wakeAt, reason } })
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
  async #commit(entries: readonly JournalEntry[], { change, requested, ...effects }: Effects): Promise<boolean> {
    if (this.#lost !== undefined) throw this.#lost
    const { claimed, topic, payloads, commit } = this.#options
    const { tenant, id } = claimed.execution.facts
    const position = this.#position
    this.#position += entries.length
    this.#hasApprovals ||= requested !== undefined
    const outcome = await commit({
      key: claimed.key,
      tenant,
      owner: claimed.execution.facts.owner,
      topic,
      epoch: claimed.epoch,
      position,
      entries,
      payloads: entries.map((entry, index) =>
        payloads.encode(entry, { tenant, id, kind: 'entry', position: position + index }),
      ),
      change: change && this.#stored(change),
      requested: requested?.map((request) => storedRequest(payloads, { tenant, id, request })),
      notifications: notificationRows(payloads, this, {
        change,
        requested,
        position: this.#position,
        at: Date.now(),
      }),
      ...effects,
    })
    if (outcome === 'lost') throw this.lose(`another node has claimed the execution after epoch ${claimed.epoch}`)
    if (outcome === 'has-messages') this.#position = position
    return outcome === 'committed'
  }

  /** Returns the end of a step as it is stored. */
  #ended({ variables, ...facts }: StepEnd): EndedStep {
    const { tenant, id } = this.execution.facts
    const encoded = variables && this.#options.payloads.encode(variables, { tenant, id, kind: 'variables' })
    return { ...facts, sessionKey: this.step!.sessionKey, variables: encoded ?? null }
  }

  #stored({ error, ...change }: StatusChange): StoredChange {
    const { tenant, id } = this.execution.facts
    if (error === undefined) return change
    const encoded = this.#options.payloads.encode(error, { tenant, id, kind: 'error' })
    return { ...change, error: encoded, errorCode: error.code }
  }
}
