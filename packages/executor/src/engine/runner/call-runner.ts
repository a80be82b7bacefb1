import type { ToolAnswer, ToolResponse, TurnEffects } from '@codemode/shared'

import type { TraceContext } from '@codemode/shared/internal'
import type { Context } from '@opentelemetry/api'

import type { ToolTransport } from '../../tools/transport.ts'
import type { CallState } from '../state/call-table.ts'
import type { Changes } from '../state/changes.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { answerText } from './answer-text.ts'
import type { CallEntries } from './call-entries.ts'
import { approvalUnavailable } from './held-answers.ts'
import type { Pacer } from './pacer.ts'
import { toolCallRefusal } from './tool-call-refusal.ts'
import { ToolCallSender } from './tool-call-sender.ts'

interface CallRunnerOptions {
  readonly state: ExecutionState
  readonly transport: ToolTransport
  readonly pacer: Pacer
  /** Context of the span that is the parent of the calls' spans. */
  readonly trace: Context
  readonly now: () => number
  /** Whether calls can wait for approvals. */
  readonly canAskForApprovals: boolean
  /** Writer of what happens to calls. */
  readonly entries: Pick<CallEntries, 'answer' | 'requestApproval' | 'defer'>
  /** Called with the error of a bug, which leaves a call unanswered. */
  onFailedByBug(error: unknown): void
}

/** Runner of one execution's tool calls: sends valid calls, answers the others itself, and turns answers into texts. */
export class CallRunner {
  readonly #options: CallRunnerOptions
  readonly #sender: ToolCallSender
  /** Answers to calls that are not sent, by the number of the call, until the turn that made them is committed. */
  readonly #refusals = new Map<number, ToolAnswer>()

  constructor(options: CallRunnerOptions) {
    this.#options = options
    this.#sender = new ToolCallSender({
      ...options,
      onResponse: (call, response) => this.#respond(call, response),
    })
  }

  /** Returns the numbers of the calls that must not be sent. Checks large inputs at the pace of the event loop. */
  async refusedOf(calls: TurnEffects['calls']): Promise<number[]> {
    const refused: number[] = []
    for (const call of calls) {
      const delay = this.#options.pacer.reserve(call.input.length)
      if (delay !== undefined) await delay
      const refusal = toolCallRefusal(call, this.#options.state.header)
      if (refusal === undefined) continue
      refused.push(call.call)
      this.#refusals.set(call.call, refusal)
    }
    return refused
  }

  /** Performs what follows from a committed entry. */
  perform({ refused, sent }: Changes): void {
    for (const call of refused) this.#refuse(call)
    this.#send(sent)
  }

  /** Takes the response to an open call that did not come over the call's own connection. */
  answer(call: CallState, response: ToolResponse): void {
    this.#sender.forget(call)
    this.#respond(call, response)
  }

  /** Starts the span of a call in flight, unless it is open, and returns its context; undefined without tracing. */
  traceOf(call: CallState): TraceContext | undefined {
    return this.#sender.traceOf(call)
  }

  /** Sends the calls that an earlier claim has left in flight, with the same ids. */
  resume(): void {
    const { state } = this.#options
    for (const call of state.calls.all) {
      if (call.status === 'running') this.#send([call])
      const refusal = call.status === 'queued' ? toolCallRefusal(call, state.header) : undefined
      if (refusal !== undefined) this.#answer(call, refusal)
    }
  }

  /** Aborts all calls in flight with the given reason. No answers follow. */
  abortAll(reason: Error): void {
    this.#sender.abortAll(reason)
  }

  /** Tells the tool server that nobody waits for the given deferred calls any more. */
  cancelDeferred(calls: readonly CallState[], reason: Error): void {
    for (const call of calls) this.#sender.cancel(call, reason)
  }

  #send(calls: readonly CallState[]): void {
    // Calls without a callback wait for a client that resumes the execution; its answers arrive as messages.
    if (!this.#options.state.isServedByClient) for (const call of calls) this.#sender.send(call)
  }

  #respond(call: CallState, response: ToolResponse): void {
    const { entries, canAskForApprovals } = this.#options
    if ('deferred' in response) entries.defer(call, this.#decisionOf(response))
    else if (!('approvalRequired' in response)) this.#answer(call, response)
    else if (canAskForApprovals) entries.requestApproval(call, response.reason)
    else this.#answer(call, approvalUnavailable(call.tool))
  }

  /** Returns the decision of the client, if the request says that the client decides. */
  #decisionOf({ decision }: Pick<ToolAnswer, 'decision'>): ToolAnswer['decision'] {
    return this.#options.state.header.approvals === 'client' ? decision : undefined
  }

  #refuse(call: CallState): void {
    const refusal = this.#refusals.get(call.number)!
    this.#refusals.delete(call.number)
    this.#answer(call, refusal)
  }

  #answer(call: CallState, answer: ToolAnswer): void {
    const { toolOutputBytes } = this.#options.state.header.limits
    this.#options.entries.answer(call, answerText(answer, call.tool, toolOutputBytes), this.#decisionOf(answer))
  }
}
