import {
  executionResultSchema,
  isFinal,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionStatus,
} from '@codemode/shared'

import { isLaterEvent } from '../http/event-position.ts'
import { resultFromWire, statusOf, type EndedExecution } from './execution-result.ts'
import { timesAfter, type ExecutionProgress, type ExecutionTimes, type ReadableState } from './execution-state.ts'

/** Statuses of tool calls that have ended. */
const settledStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

const noProgress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }

/** State of a detached execution, as the last record or event that this client has read shows it. */
export class DetachedState implements ReadableState {
  #status: ExecutionStatus
  #times: ExecutionTimes | undefined
  #lastEventId: string | undefined
  #result: EndedExecution | undefined
  /** Counts of the last record, and those of the events that were read; events are read from the first one. */
  #recorded = noProgress
  #counted = noProgress
  /** Ids of the calls that wait for approvals, as far as events show them. */
  readonly #pendingApprovals = new Set<string>()

  constructor(status: ExecutionStatus) {
    this.#status = status
  }

  get status(): ExecutionStatus {
    return this.#status
  }

  get times(): ExecutionTimes {
    return this.#times ?? { createdAt: undefined, startedAt: undefined, finishedAt: undefined }
  }

  get result(): EndedExecution | undefined {
    return this.#result
  }

  get progress(): ExecutionProgress {
    const [one, other] = [this.#recorded, this.#counted]
    return {
      toolCalls: Math.max(one.toolCalls, other.toolCalls),
      toolCallsSettled: Math.max(one.toolCallsSettled, other.toolCallsSettled),
      logs: Math.max(one.logs, other.logs),
    }
  }

  /** Id of the latest event; undefined while none has been read. */
  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  /** Takes what a record shows. */
  observe(record: ExecutionRecord): void {
    const { status, createdAt, startedAt, finishedAt, toolCalls, logs, logsDropped } = record
    if (isFinal(status)) this.#result ??= resultOf(record)
    this.#status = status
    this.#times = { createdAt, startedAt, finishedAt }
    const settled = toolCalls.filter((call) => settledStatuses.has(call.status))
    this.#recorded = {
      toolCalls: toolCalls.length,
      toolCallsSettled: settled.length,
      logs: logs.length + logsDropped.entries,
    }
  }

  /** Takes what an event shows, unless it or a later one has been read before. */
  update(event: ExecutionEvent): void {
    if (this.#lastEventId !== undefined && !isLaterEvent(event.id, this.#lastEventId)) return
    this.#lastEventId = event.id
    this.#times = timesAfter(event, this.#times)
    if (event.type === 'log') this.#count('logs')
    if (event.type === 'tool.called') this.#count('toolCalls')
    if (event.type === 'tool.settled') this.#count('toolCallsSettled')
    if (event.type === 'finished') this.#end(resultFromWire(event.result))
    else if (!isFinal(this.#status)) this.#status = this.#statusAfter(event)
  }

  #statusAfter(event: ExecutionEvent): ExecutionStatus {
    if (event.type === 'approval.requested') this.#pendingApprovals.add(event.callId)
    if (event.type === 'approval.decided' || event.type === 'tool.settled') this.#pendingApprovals.delete(event.callId)
    if (event.type === 'paused') return 'paused'
    if (event.type !== 'waiting') return 'running'
    const waitsForApprovals =
      event.openCalls.length > 0 && event.openCalls.every((id) => this.#pendingApprovals.has(id))
    return waitsForApprovals ? 'paused' : 'waiting'
  }

  #end(result: EndedExecution): void {
    this.#result = result
    this.#status = statusOf(result)
  }

  #count(counter: keyof ExecutionProgress): void {
    this.#counted = { ...this.#counted, [counter]: this.#counted[counter] + 1 }
  }
}

function resultOf(record: ExecutionRecord): EndedExecution | undefined {
  const { data } = executionResultSchema.safeParse(record)
  return data && resultFromWire(data)
}
