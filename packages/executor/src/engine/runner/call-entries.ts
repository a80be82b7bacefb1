import type { ExecutionFailure, ToolAnswer } from '@codemode/shared'

import type { DecisionMade } from '../../store/execution-store.ts'
import type { CallState } from '../state/call-table.ts'
import type { Changes, EntryOf, ExecutionState } from '../state/execution-state.ts'
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
  /** Calls with an answer or a decision that is written, if not yet committed. The state does not have it until then. */
  readonly #settling = new Set<number>()
  /** Calls with a request for an approval, or a deferral, that is written, if not yet committed. */
  readonly #holding = new Map<number, 'approval' | 'deferred'>()

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

  /** Whether a call has waited longer for an approval or a deferred answer than its tool allows. */
  get isOverdue(): boolean {
    return this.nextDueAt <= this.#options.at()
  }

  /** Settles the call that is overdue, if there is one. */
  settleOverdue(): void {
    const { state, at } = this.#options
    const deadline = firstHeldDeadline(state)
    if (deadline === undefined || deadline.at + graceMs > at()) return
    const { call } = deadline
    const answer = answerText(heldForTooLong(deadline), call.tool, state.header.limits.toolOutputBytes)
    if (call.status === 'deferred') this.answer(call, answer)
    else this.#write({ type: 'decision', at: at(), call: call.number, decision: 'expire', answer })
  }

  /** Takes note of the changes of a committed entry. */
  applied({ settled, decided, requested, deferred }: Changes): void {
    for (const { number } of requested) this.#holding.delete(number)
    if (deferred !== undefined) this.#holding.delete(deferred.number)
    for (const { number } of settled) this.#settling.delete(number)
    if (decided !== undefined) this.#settling.delete(decided.call.number)
  }

  #write(entry: CallEntry): void {
    if (this.#settling.has(entry.call)) return
    const held = this.#holding.get(entry.call)
    // A call that is about to wait for an approval takes a decision only, and one that is about to be deferred an answer.
    if (held === 'approval' || (held === 'deferred' && entry.type !== 'answer')) return
    if (entry.type === 'approval' || entry.type === 'deferred') this.#holding.set(entry.call, entry.type)
    if (entry.type === 'answer' || entry.type === 'decision') this.#settling.add(entry.call)
    this.#options.write(entry)
  }
}
