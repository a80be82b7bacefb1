import { maxTimerMs, type ExecutionFailure, type ExecutionStatus, type JournalEntry } from '@codemode/shared'

import type {
  AppendOptions,
  ExecutionStore,
  InboxMessage,
  Lease,
  ReceivedMessage,
  StatusChange,
} from '../../store/execution-store.ts'
import { endExecutionSpan, traceClaim, type ExecutionTrace } from '../../tracing/spans.ts'
import type { CreateCallbackTransport } from '../../tools/transport.ts'
import { createClock } from '../clock.ts'
import { ExecutionRunner } from '../runner/execution-runner.ts'
import type { RunnerParts } from '../runner/runner-options.ts'
import { cancelled, claimedWithoutProgress, executionTimeout, type WallTimeout } from '../runner/failures.ts'
import { placementOf } from '../placement.ts'
import { DurableRealm } from '../session/durable-realm.ts'
import { refusalOfStep } from '../session/session-bounds.ts'
import type { WarmGuests } from '../session/warm-guests.ts'
import { approvalsExpiredBy, approvalsRequestedBy } from '../state/approval-requests.ts'
import type { EntryOf } from '../state/changes.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { JournalLog } from '../state/journal-log.ts'
import { endOf, outcomeOfEntry } from '../state/outcome.ts'
import { waitReasonOf } from '../state/wait-reason.ts'
import { stepEndOf } from './step-end.ts'
import { transportOf } from './lease-transport.ts'

/** Parts of the executor that a detached execution needs. */
export interface LeaseRunParts extends Pick<RunnerParts, 'sandbox' | 'pacer' | 'observer'> {
  readonly store: ExecutionStore
  readonly callbackTransport: CreateCallbackTransport
  /** Guests of durable sessions between two steps. */
  readonly guests: WarmGuests
  /** Minimum time to the next timer, in milliseconds, for which an execution is parked. */
  readonly parkAfterMs: number
}

/** Milliseconds without an answer after which an execution is parked whose calls a client serves. */
const servedLingerMs = 5_000

/**
 * Milliseconds for which the first claim of an execution waits for the first turn, to be committed with it. Later claims are
 * committed at once, so that those of nodes that crash are counted.
 */
const firstClaimHeldMs = 200

/** Number of nodes without progress after which an execution is failed: it probably crashes the nodes that run it. */
const maxNodesWithoutProgress = 3

/** Run of a detached execution under one lease, from its claim to its end, or until it is parked or suspended. */
export class LeaseRun {
  readonly #lease: Lease
  readonly #journal: JournalLog
  readonly #state: ExecutionState
  /** Realm of the session whose step the execution is. */
  readonly #realm: DurableRealm | undefined
  readonly #runner: ExecutionRunner
  readonly #trace: ExecutionTrace
  readonly #now: () => number
  /** Status of the execution in the store. */
  #storedStatus: ExecutionStatus
  #isParked = false
  #isSuspended = false
  /** Reading of messages under way, and whether there may be messages that it does not have. */
  #taking: Promise<boolean> | undefined
  #hasNews = false
  /** Number of the last message that needs nothing more. */
  #handled = 0

  constructor(lease: Lease, parts: LeaseRunParts) {
    this.#lease = lease
    const { facts, status } = lease.execution
    this.#storedStatus = status
    const journal = new JournalLog(lease.header)
    this.#journal = journal
    this.#state = new ExecutionState(lease.header)
    for (const entry of lease.entries) {
      journal.append(entry)
      this.#state.apply(entry)
    }
    const { executionId, correlationId } = lease.header
    const { step } = lease
    const { guests, store } = parts
    this.#realm = step && new DurableRealm({ lease, step, guests, sessions: store.sessions })
    // The clock of the store, so that nodes whose clocks differ agree on when a timer is due.
    this.#now = createClock(lease.execution.expiresAt - lease.expiresInMs)
    this.#trace = traceClaim(lease.header, { label: facts.label, epoch: lease.epoch })
    this.#runner = new ExecutionRunner({
      journal,
      trace: this.#trace,
      state: this.#state,
      append: (entries) => this.#append(entries),
      confirm: () => lease.confirm(),
      takeMessages: () => this.#takeMessages(),
      parking: {
        keepsDiverged: true,
        delayMs: (nextDueAt) => this.#parkDelayMs(nextDueAt, parts.parkAfterMs),
        park: (entry) => this.#park(entry),
      },
      placement: placementOf(facts),
      sandbox: parts.sandbox,
      realm: this.#realm,
      transport: transportOf(facts, parts.callbackTransport),
      pacer: parts.pacer,
      now: this.#now,
      onTurnRequested() {},
      onEnded() {},
      observer: parts.observer,
      observed: {
        executionId,
        correlationId,
        tenant: facts.tenant,
        keyId: facts.keyId,
        label: facts.label,
        kind: lease.header.session === undefined ? 'detached' : 'step',
        session: lease.header.session,
        toolTransport: facts.callback === undefined ? 'stream' : 'callback',
      },
    })
  }

  get state(): ExecutionState {
    return this.#state
  }

  /** Runs the execution, and gives the lease back. Never rejects. */
  async run(node: string): Promise<void> {
    const { epoch, header } = this.#lease
    const { executionTimeoutMs } = header.limits
    const wallTimeout: WallTimeout = {
      layer: 'execution',
      option: 'executionTimeoutMs',
      timeoutMs: executionTimeoutMs,
    }
    const leftMs = Math.max(1, executionTimeoutMs - this.#state.time.activeMsAtLastEntry)
    if (this.#state.nodesWithoutProgress.size >= maxNodesWithoutProgress)
      this.#runner.stop(claimedWithoutProgress(maxNodesWithoutProgress))
    const refusal = this.#lease.step && refusalOfStep(this.#lease.step)
    if (refusal !== undefined) this.#runner.stop(refusal)
    const expiry = this.#watchExpiry()
    this.#lease.onMessage(() => void this.#takeMessages())
    const taken = this.#takeMessages()
    // If the lease is lost or the store does not answer, the lease is given back, and another claim tries again.
    if (this.#isBlocked) await this.#endOrPark(taken).catch(() => {})
    else {
      await this.#realm?.ready
      const heldMs = epoch === 1 ? firstClaimHeldMs : 0
      await this.#runner.run({ epoch, node, wallTimeout, leftMs, heldMs, ...this.#servedBy })
    }
    clearTimeout(expiry)
    endExecutionSpan(this.#trace.span)
    this.#realm?.settle({ isStateKept: this.#state.hasEnded && this.#state.isStateKept })
    if (!this.#state.hasEnded && !this.#isParked) await this.#giveBack().catch(() => {})
  }

  /** Whether earlier steps have not ended, so that the execution has no turn. */
  get #isBlocked(): boolean {
    return this.#lease.step?.isBlocked === true
  }

  /** Ends a step that waits for earlier ones if a message or its expiry does so; parks it otherwise. */
  async #endOrPark(taken: Promise<boolean>): Promise<void> {
    while ((await taken) && !this.#isSuspended) {
      await this.#runner.flush()
      // A refused commit stays under way.
      if (this.#state.hasEnded || this.#runner.flush() !== undefined) return
      this.#isParked = await this.#lease.park([], { handled: this.#handled })
      if (this.#isParked) return
      taken = this.#takeMessages()
    }
  }

  get #servedBy(): { servedBy?: 'client' } {
    const { execution, header } = this.#lease
    return execution.facts.callback === undefined && header.tools.length > 0 ? { servedBy: 'client' } : {}
  }

  /** Stops running the execution, so that another node can continue it. */
  suspend(): void {
    this.#isSuspended = true
    this.#runner.suspend()
  }

  /** Gives the lease back. A suspension is an entry, so that it does not count as a crash of the node. */
  async #giveBack(): Promise<void> {
    const park = { type: 'park', at: Math.max(this.#state.time.lastAt, this.#now()) } as const
    const status = this.#state.isPaused ? 'paused' : 'waiting'
    if (this.#isSuspended && !this.#isBlocked)
      await this.#lease.append([park], { change: { status }, handled: this.#handled })
    await this.#lease.release()
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    const last = entries.at(-1)!
    const outcome = outcomeOfEntry(last, this.#lease.header.executionId)
    if (outcome === undefined)
      return this.#lease.append(entries, { ...this.#effectsOf(entries), handled: this.#handled })
    const before = entries.slice(0, -1)
    const effects = before.length === 0 ? {} : this.#effectsOf(before)
    const hasApprovals = effects.requested !== undefined || effects.expired !== undefined
    // The messages stay in the inbox until the end is stored as well, because one of them may have caused it.
    if (hasApprovals) await this.#lease.append(before, effects)
    const startedAt = this.#state.startedAt ?? entries[0]!.at
    const final = { startedAt, ...endOf(outcome, last.type === 'turn' ? last.endedAt : last.at) }
    const step = this.#realm && stepEndOf(entries, { journal: this.#journal, state: this.#state, realm: this.#realm })
    this.#realm?.ending()
    await this.#lease.finish(hasApprovals ? [last] : entries, final, step)
  }

  /** Returns the effects of entries on the row of the execution and on its approvals. */
  #effectsOf(entries: readonly JournalEntry[]): AppendOptions {
    const change = this.#changeBy(entries)
    const requested = approvalsRequestedBy(this.#state, entries)
    const expired = approvalsExpiredBy(entries)
    return {
      ...(change && { change }),
      ...(requested.length > 0 && { requested }),
      ...(expired.length > 0 && { expired }),
    }
  }

  /** Returns the change of the status that entries make; undefined if it stays as it is stored. */
  #changeBy(entries: readonly JournalEntry[]): StatusChange | undefined {
    const status = this.#state.statusAfter(entries)
    if (status === this.#storedStatus) return undefined
    this.#storedStatus = status
    return { status, startedAt: this.#state.startedAt ?? entries[0]!.at }
  }

  /** Calls of a client that serves them now are answered soon, so such an execution is parked only after a while. */
  #parkDelayMs(nextDueAt: number, parkAfterMs: number): number | undefined {
    if (nextDueAt - this.#now() < parkAfterMs) return undefined
    return this.#state.calls.activeCount > 0 ? servedLingerMs : 0
  }

  async #park(entry: EntryOf<'park'>): Promise<EntryOf<'park'> | undefined> {
    const { until, attention } = entry
    const status = attention !== undefined ? 'needs_attention' : this.#state.isPaused ? 'paused' : 'waiting'
    const change = { status, ...(attention && { error: attention }) } as const
    const wakeAt = attention === undefined && until !== undefined ? { wakeAt: until } : {}
    const reason = attention === undefined ? waitReasonOf(this.#state) : 'attention'
    this.#isParked = await this.#lease.park([entry], { change, handled: this.#handled, reason, ...wakeAt })
    if (this.#isParked) return entry
    void this.#takeMessages()
    return undefined
  }

  /**
   * Takes the messages in the inbox, with those that arrive meanwhile. Resolves with whether they could be read; if not, the
   * store reports them again.
   */
  #takeMessages(): Promise<boolean> {
    this.#hasNews = true
    this.#taking ??= this.#takeAll()
    return this.#taking
  }

  async #takeAll(): Promise<boolean> {
    try {
      while (this.#hasNews) {
        this.#hasNews = false
        const messages = await this.#lease.messages()
        // A message may follow from an entry that the store has and the state does not have yet.
        if (messages.length > 0) await this.#runner.flush()
        this.#takeEach(messages)
      }
      return true
    } catch {
      return false
    } finally {
      this.#taking = undefined
    }
  }

  #takeEach(messages: readonly ReceivedMessage[]): void {
    for (const { number, message } of messages) {
      // The rest is for the next claim.
      if (this.#isSuspended) return
      const end = this.#endBy(message)
      if (end !== undefined) {
        // What ends the execution, and what came after it, stays in the inbox until the execution has ended.
        this.#runner.stop(end)
        return
      }
      if (number <= this.#handled) continue
      // It is removed from the inbox together with the entry that it leads to.
      this.#handled = number
      this.#take(message)
    }
  }

  /** Returns the failure with which a message ends the execution. A step that has its turn finds its syntax error itself. */
  #endBy(message: InboxMessage): ExecutionFailure | undefined {
    if (message.kind === 'cancel') return cancelled(message.reason)
    return message.kind === 'fail' && this.#isBlocked ? message.error : undefined
  }

  #take(message: InboxMessage): void {
    if (message.kind === 'answer') this.#runner.answer(message.call, message.response)
    else if (message.kind === 'decision') this.#runner.decide(message.call, message.made)
    // The claim for the turn of a step that waits for others is a later one.
    else if (message.kind === 'callback' && !this.#isBlocked) this.suspend()
  }

  /** Ends the execution when its life is over, which may be now. */
  #watchExpiry(): NodeJS.Timeout | undefined {
    const { execution, expiresInMs } = this.#lease
    const { expiresAfterMs } = execution.facts
    const timeout: WallTimeout = { layer: 'execution', option: 'expiresAfterMs', timeoutMs: expiresAfterMs }
    const stop = (): void => this.#runner.stop(executionTimeout(timeout))
    if (expiresInMs > 0) return setTimeout(stop, Math.min(expiresInMs, maxTimerMs))
    stop()
    return undefined
  }
}
