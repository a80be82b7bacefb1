import type { Approval, ExecutionEvent } from '@codemode/shared'

import { approvalOfEvent } from '../approvals/approval-of-event.ts'
import type { ClientEmitter, SettleEvent } from '../insight/client-events.ts'
import type { StatsCounter } from '../insight/stats.ts'
import { statusOf, type ExecutionResult, type FailedExecution } from './execution-result.ts'
import type { Plan } from './plan.ts'

interface ReportParts {
  readonly events: ClientEmitter
  readonly stats: StatsCounter
}

/** Events and counts of one run, for the listeners and the statistics of its client. */
export class RunReports {
  readonly #ids: { readonly executionId: string; readonly correlationId: string }
  readonly #label: string | undefined
  readonly #events: ClientEmitter
  readonly #stats: StatsCounter
  readonly #createdAt = performance.now()
  #sentAt: number | undefined
  /** Ids of the calls whose pending approvals were emitted as events. */
  readonly #announced = new Set<string>()

  /** Counts the run as one that waits to be sent. */
  constructor({ request: { id, label }, correlationId }: Plan, { events, stats }: ReportParts) {
    this.#ids = { executionId: id, correlationId }
    this.#label = label
    this.#events = events
    this.#stats = stats
    stats.queued()
  }

  /** True once the client has sent the run to the executor. */
  get wasSent(): boolean {
    return this.#sentAt !== undefined
  }

  /** Reports that the run is sent, after milliseconds in the client's queue. */
  sent(queuedMs: number): void {
    this.#sentAt = performance.now()
    this.#stats.sent()
    this.#events.emit('start', { ...this.#ids, label: this.#label, queuedMs })
  }

  /** Reports what an event of the execution says about its console output and its approvals. */
  received(event: ExecutionEvent): void {
    if (event.type === 'approval.requested') this.#announce(approvalOfEvent(event))
    if (event.type !== 'log') return
    const { level, text, at } = event
    this.#events.emit('log', { ...this.#ids, level, text, at })
  }

  /** Reports the end of the run: its result, also a paused one, or the failure of its request as a result. */
  settled(result: ExecutionResult, source: SettleEvent['source']): void {
    const status = statusOf(result)
    const now = performance.now()
    this.#stats.ended(status, this.#sentAt === undefined ? undefined : now - this.#sentAt)
    if (result.status === 'paused') for (const approval of result.approvals) this.#announce(approval)
    // A custom executor may leave the list out.
    const { warnings = [] } = result as Partial<ExecutionResult>
    const error = 'error' in result ? shortError(result.error) : undefined
    const durationMs = now - this.#createdAt
    this.#events.emit('settle', { ...this.#ids, label: this.#label, status, durationMs, error, warnings, source })
  }

  /** Emits the event of a pending approval, once. */
  #announce(approval: Approval): void {
    if (this.#announced.has(approval.callId)) return
    this.#announced.add(approval.callId)
    this.#events.emit('approval', { ...this.#ids, label: this.#label, approval })
  }
}

function shortError({ code, message, cause, errors }: FailedExecution['error']): NonNullable<SettleEvent['error']> {
  return { code, message, ...(cause && { cause }), ...(errors && { errors }) }
}
