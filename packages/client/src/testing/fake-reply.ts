import type { ServerResponse } from 'node:http'

import type { ErrorCode, ExecutionEvent, ExecutionResult } from '@codemode/shared'

type EventFields = ExecutionEvent extends infer Event
  ? Event extends ExecutionEvent
    ? Omit<Event, 'id' | 'at' | 'executionId'>
    : never
  : never

/** Called with the ids of calls, before their events are sent. */
interface CallListeners {
  /** Called for each call of `called`. */
  readonly onCalled?: (callId: string) => void
  readonly onSettled?: (callId: string) => void
}

/** Response of a FakeExecutor to one request. */
export class FakeReply {
  readonly #response: ServerResponse
  readonly #executionId: string
  readonly #listeners: CallListeners
  #eventId = 0

  constructor(response: ServerResponse, executionId: string, listeners: CallListeners = {}) {
    this.#response = response
    this.#executionId = executionId
    this.#listeners = listeners
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

  error(status: number, code: ErrorCode, more: object = {}, headers: Record<string, string> = {}): void {
    const error = { code, message: `it is ${code}`, retryable: false, ambiguous: false, correlationId: 'c'.repeat(16) }
    this.json(status, { error: { ...error, ...more } }, headers)
  }

  result(result: unknown): void {
    this.json(200, resultOf(this.#executionId, result))
  }

  /** Calls the listener when the connection has been closed. */
  onClose(listener: () => void): void {
    this.#response.once('close', listener)
  }

  /** Destroys the connection. */
  destroy(): void {
    this.#response.destroy()
  }

  /** Sends the next event of a stream, with the given number as its id if there is one. */
  event(fields: EventFields, id?: number): void {
    if (fields.type === 'tool.settled') this.#listeners.onSettled?.(fields.callId)
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#eventId = id ?? this.#eventId + 1
    const event = { ...fields, id: String(this.#eventId), at: new Date().toISOString(), executionId: this.#executionId }
    this.#response.write(`: hb\n\nid: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  started(id?: number): void {
    this.event({ type: 'started', correlationId: 'c'.repeat(16) }, id)
  }

  called(n: number, tool: string, input: unknown, deadlineMs = 10_000): void {
    const deadline = new Date(Date.now() + deadlineMs).toISOString()
    const callId = `${this.#executionId}:${n}`
    this.#listeners.onCalled?.(callId)
    this.event({ type: 'tool.called', callId, tool, input: input as never, deadline })
  }

  finished(value: unknown, id?: number): void {
    this.event({ type: 'finished', result: resultOf(this.#executionId, value) }, id)
    this.#response.end()
  }

  failed(code: ErrorCode, more: object = {}): void {
    this.json(200, failedResultOf(this.#executionId, code, more))
  }

  write(text: string): void {
    this.#response.write(text)
  }
}

const fields = (executionId: string) => ({
  executionId,
  correlationId: 'c'.repeat(16),
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  toolCalls: [],
  warnings: [],
  usage: { cpuMs: 1, wallMs: 2, queueMs: 0, waitMs: 0, turns: 1, replays: 0 },
})

export function resultOf(executionId: string, value: unknown): ExecutionResult {
  return { ...fields(executionId), success: true, result: value as never }
}

/** Returns the record of an execution that runs, whose calls are all open. */
export function runningRecordOf(executionId: string, callIds: readonly string[]): object {
  const toolCalls = callIds.map((callId) => ({ callId, tool: 'any', status: 'running', durationMs: 0 }))
  return { ...fields(executionId), status: 'running', createdAt: new Date().toISOString(), toolCalls }
}

export function failedResultOf(executionId: string, code: ErrorCode, more: object = {}): ExecutionResult {
  const error = { code: code as 'GUEST_ERROR', name: 'TypeError', message: `it is ${code}`, retryable: false, ...more }
  return { ...fields(executionId), success: false, error }
}
