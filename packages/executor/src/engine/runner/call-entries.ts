import type { ExecutionFailure, JournalEntry, ToolAnswer } from '@codemode/shared'

import type { DecisionMade } from '../../store/stored-approval.ts'
import type { CallState } from '../state/call-table.ts'
import type { EntryOf } from '../state/changes.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { firstHeldDeadline } from '../state/held-calls.ts'
import { answerText, type AnswerText } from './answer-text.ts'
import { decisionEntry } from './decision-entry.ts'
import { endedByRejection } from './failures.ts'
import { heldForTooLong } from './held-answers.ts'

/**
 * Milliseconds after the deadline of an approval or a deferred answer until the call is settled: longer than a message that
 * was accepted before the deadline takes to arrive.
 */
const graceMs = 2_000

/** Entry about one call. */
export type CallEntry = EntryOf<'answer' | 'approval' | 'decision' | 'deferred'>

interface CallEntriesOptions {
  readonly state: ExecutionState
  /** Returns the time of the next entry. */
  readonly at: () => number
  /** Writes an entry, unless the execution has ended. */
  readonly write: (entry: CallEntry) => void
  /** Ends the execution with a failure. */
  readonly stop: (error: ExecutionFailure) => void
}

/** Writer of the entries about one execution's calls. A call is answered or decided once, whatever arrives at the same time. */
export class CallEntries {
  readonly #options: CallEntriesOptions
  /**
   * Calls with an entry that is written and not committed, so that the state does not have it. Only an answer may follow a
   * deferral, and nothing another entry: a call that waits for an approval takes no answer.
   */
  readonly #pending = new Map<number, CallEntry['type']>()

  constructor(options: CallEntriesOptions) {
    this.#options = options
  }

  answer(call: CallState, text: AnswerText, decision?: ToolAnswer['decision']): void {
    const { at, stop } = this.#options
    this.#write({ type: 'answer', at: at(), call: call.number, ...text, ...(decision && { decision }) })
    if (decision?.decision === 'reject' && decision.end === true) stop(endedByRejection(call.tool, decision.reason))
  }

  requestApproval({ number: call }: CallState, reason: string | undefined): void {
    this.#write({ type: 'approval', at: this.#options.at(), call, ...(reason !== undefined && { reason }) })
  }

  defer({ number: call }: CallState, decision?: ToolAnswer['decision']): void {
    this.#write({ type: 'deferred', at: this.#options.at(), call, ...(decision && { decision }) })
  }

  decide(call: CallState, decision: DecisionMade): void {
    const { at, state } = this.#options
    const { toolOutputBytes } = state.header.limits
    this.#write(decisionEntry(call, decision, { at: at(), toolOutputBytes }))
  }

  /** Time at which the next call that waits for an approval or a deferred answer is settled; `Infinity` if there is none. */
  get nextDueAt(): number {
    return (firstHeldDeadline(this.#options.state)?.at ?? Infinity) + graceMs
  }

  /** Whether a call waited longer for an approval or a deferred answer than its tool allows. */
  get isOverdue(): boolean {
    return this.nextDueAt <= this.#options.at()
  }

  /** Settles the first call that is overdue, if there is one. */
  settleOverdue(): void {
    const { state, at } = this.#options
    const deadline = firstHeldDeadline(state)
    if (deadline === undefined || !this.isOverdue) return
    const { call } = deadline
    const answer = answerText(heldForTooLong(deadline), call.tool, state.header.limits.toolOutputBytes)
    if (call.status === 'deferred') this.answer(call, answer)
    else this.#write({ type: 'decision', at: at(), call: call.number, decision: 'expire', answer })
  }

  /** Takes note of a committed entry. */
  applied(entry: JournalEntry): void {
    if ('call' in entry && this.#pending.get(entry.call) === entry.type) this.#pending.delete(entry.call)
  }

  #write(entry: CallEntry): void {
    const pending = this.#pending.get(entry.call)
    if (pending !== undefined && (pending !== 'deferred' || entry.type !== 'answer')) return
    this.#pending.set(entry.call, entry.type)
    this.#options.write(entry)
  }
}
