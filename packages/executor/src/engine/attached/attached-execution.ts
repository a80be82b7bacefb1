import { callNumberOf, type Journal, type RequestError, type ToolAnswer } from '@codemode/shared'

import type { EndedExecution } from '../../store/execution-store.ts'
import type { Permit } from './admission.ts'
import type { EventText, ExecutionHandle } from '../engine.ts'
import { ReaderWatchdog } from './reader-watchdog.ts'
import { ExecutionRunner } from '../runner/execution-runner.ts'
import type { RunnerParts } from '../runner/runner-options.ts'
import { cancelled, type WallTimeout } from '../runner/failures.ts'
import { ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'
import { readEvents } from '../state/read-events.ts'
import { endOf } from '../state/outcome.ts'
import { heapBytesOfState, recordOf, resultOf } from '../state/report.ts'

interface AttachedExecutionOptions extends RunnerParts {
  readonly journal: JournalLog
  readonly bodyHash: string
  readonly owner: string
  readonly label: string | undefined
  readonly node: string
  readonly permit: Permit
  /** Takes answers that come over the client's stream; undefined when tools are called by callback. */
  readonly answerStreamedCall: ((callId: string, answer: ToolAnswer) => boolean) | undefined
  /** Returns the timeout of the whole run, given the milliseconds in the queue. */
  readonly wallTimeoutOf: (queuedMs: number) => WallTimeout
  readonly disconnectGraceMs: number
  onFinished(execution: AttachedExecution): void
}

/** Memory of an ended `AttachedExecution` itself in bytes, as measured. */
const ownHeapBytes = 4 * 1024

/**
 * Attached execution, from its request to the time when its result is forgotten: `queued → running → completed | failed |
 * cancelled`. After the end it keeps only what can still be read.
 */
export class AttachedExecution implements ExecutionHandle {
  readonly bodyHash: string
  readonly owner: string
  readonly admitted: Promise<void>
  readonly finished: Promise<void>
  readonly #journal: JournalLog
  readonly #label: string | undefined
  readonly #state: ExecutionState
  readonly #readers: ReaderWatchdog
  readonly #now: () => number
  /** Parts that are needed only while the execution runs; undefined after its end or its refusal. */
  #running:
    | { readonly runner: ExecutionRunner; readonly answerCall: AttachedExecutionOptions['answerStreamedCall'] }
    | undefined

  constructor(options: AttachedExecutionOptions) {
    const { journal, permit, wallTimeoutOf, node, now } = options
    this.bodyHash = options.bodyHash
    this.owner = options.owner
    this.#journal = journal
    this.#label = options.label
    this.#now = now
    const state = new ExecutionState(journal.header)
    this.#state = state
    this.#readers = new ReaderWatchdog(options.disconnectGraceMs, (text) => this.cancel(text))
    const finished = Promise.withResolvers<void>()
    const runner = new ExecutionRunner({
      ...options,
      state,
      // The journal in memory is the only one, so there is nothing to wait for.
      append: () => undefined,
      onTurnRequested: () => permit.started(),
      onEnded: () => {
        this.#release()
        permit.release()
        options.onFinished(this)
        finished.resolve()
      },
    })
    this.#running = { runner, answerCall: options.answerStreamedCall }
    this.finished = finished.promise
    this.admitted = Promise.race([permit.admitted, this.finished])
    permit.admitted.then(
      () => runner.run({ epoch: 1, node, wallTimeout: wallTimeoutOf(now() - state.createdAt) }),
      (refusal: RequestError) => this.#refused(runner, refusal),
    )
  }

  get id(): string {
    return this.#journal.header.executionId
  }

  get correlationId(): string {
    return this.#journal.header.correlationId
  }

  /** Memory that the execution retains after its end, in bytes. */
  get heapBytes(): number {
    return ownHeapBytes + this.#journal.heapBytes + heapBytesOfState(this.#state)
  }

  /** Journal and final state, for the record in the store; undefined before the end. */
  get ended(): Pick<EndedExecution, 'journal' | 'end'> | undefined {
    const { outcome, startedAt, finishedAt } = this.#state
    if (outcome === undefined || finishedAt === undefined) return undefined
    return {
      journal: this.#journal,
      end: { ...endOf(outcome, finishedAt), ...(startedAt !== undefined && { startedAt }) },
    }
  }

  events(options: { after?: string; signal: AbortSignal }): AsyncIterable<EventText> {
    return readEvents(this.#journal, options)
  }

  attachReader(): () => void {
    return this.#readers.attach()
  }

  cancel(reason?: string): void {
    this.#running?.runner.stop(cancelled(reason))
  }

  answerCall(callId: string, answer: ToolAnswer): boolean {
    if (callNumberOf(this.id, callId) === undefined) return false
    return this.#running?.answerCall?.(callId, answer) ?? false
  }

  journal(): Journal {
    return this.#journal.snapshot()
  }

  result(): string {
    return resultOf(this.#state).text
  }

  record(): string {
    return recordOf(this.#state, this.#label, this.#now()).text
  }

  /** Handles a refusal by admission control: the code has not run, and a later request may use the same id. */
  #refused(runner: ExecutionRunner, { code }: RequestError): void {
    this.#release()
    runner.refuse(code)
  }

  #release(): void {
    this.#running = undefined
    this.#readers.stop()
  }
}
