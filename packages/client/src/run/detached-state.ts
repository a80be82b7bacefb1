import {
  executionResultSchema,
  isFinal,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionStatus,
} from '@codemode/shared'

import { resultFromWire, statusOf, type ExecutionResult } from './execution-result.ts'
import { timesAfter, type ExecutionProgress, type ExecutionTimes, type ReadableState } from './execution-state.ts'

const noProgress: ExecutionProgress = { toolCalls: 0, toolCallsSettled: 0, logs: 0 }

/** State of a detached execution, as the last record or event that this client has read shows it. */
export class DetachedState implements ReadableState {
  #status: ExecutionStatus
  #times: ExecutionTimes | undefined
  #lastEventId: string | undefined
  #result: ExecutionResult | undefined
  /** Counts of the last record, and those of the events that were read; events are read from the first one. */
  #recorded = noProgress
  #counted = noProgress

  constructor(status: ExecutionStatus) {
    this.#status = status
  }

  get status(): ExecutionStatus {
    return this.#status
  }

  get times(): ExecutionTimes {
    return this.#times ?? { createdAt: undefined, startedAt: undefined, finishedAt: undefined }
  }

  get result(): ExecutionResult | undefined {
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
    const settled = toolCalls.filter((call) => call.status !== 'queued' && call.status !== 'running')
    this.#recorded = {
      toolCalls: toolCalls.length,
      toolCallsSettled: settled.length,
      logs: logs.length + logsDropped.entries,
    }
  }

  /** Takes what an event shows, unless it or a later one has been read before. */
  update(event: ExecutionEvent): void {
    if (this.#lastEventId !== undefined && !isLater(event.id, this.#lastEventId)) return
    this.#lastEventId = event.id
    this.#times = timesAfter(event, this.#times)
    if (event.type === 'log') this.#count('logs')
    if (event.type === 'tool.called') this.#count('toolCalls')
    if (event.type === 'tool.settled') this.#count('toolCallsSettled')
    if (event.type === 'finished') this.#end(resultFromWire(event.result))
    else if (!isFinal(this.#status)) this.#status = event.type === 'waiting' ? 'waiting' : 'running'
  }

  #end(result: ExecutionResult): void {
    this.#result = result
    this.#status = statusOf(result)
  }

  #count(counter: keyof ExecutionProgress): void {
    this.#counted = { ...this.#counted, [counter]: this.#counted[counter] + 1 }
  }
}

function resultOf(record: ExecutionRecord): ExecutionResult | undefined {
  const { data } = executionResultSchema.safeParse(record)
  return data && resultFromWire(data)
}

/** Returns whether an event id is after another one: ids are positions, such as `12.3`. */
function isLater(id: string, other: string): boolean {
  const [major = 0, minor = 0] = id.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major > otherMajor || (major === otherMajor && minor > otherMinor)
}
