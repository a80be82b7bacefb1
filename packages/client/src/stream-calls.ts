import { nextTick } from 'node:process'

import { fixedLimits, type ExecutionEvent, type ToolAnswer, type ToolResultsRequest } from '@codemode/shared'

import { failedByHandler } from './tools/tool-failure.ts'

type Called = Extract<ExecutionEvent, { type: 'tool.called' }>
type Result = ToolResultsRequest['results'][number]

interface StreamCallsOptions {
  readonly callTool: (event: Called, signal: AbortSignal) => Promise<ToolAnswer>
  /** Sends the JSON text of a `ToolResultsRequest`. */
  readonly send: (body: string) => Promise<unknown>
  /** The answers could not be sent, so that the execution can't go on. */
  readonly onFailure: (error: Error) => void
}

/**
 * The tool calls of one stream: each call id runs once, however often its event comes. Answers that are ready together,
 * or while others are on their way, go out in one request.
 */
export class StreamCalls {
  readonly #options: StreamCallsOptions
  readonly #running = new Map<string, AbortController>()
  readonly #seen = new Set<string>()
  #ready: Result[] = []
  #isSending = false

  constructor(options: StreamCallsOptions) {
    this.#options = options
  }

  called(event: Called): void {
    const { callId } = event
    if (this.#seen.has(callId)) return
    this.#seen.add(callId)
    const controller = new AbortController()
    this.#running.set(callId, controller)
    void this.#serve(event, controller.signal)
  }

  /** The call is over, whatever its handler still does. */
  settled(callId: string, reason: string): void {
    this.#running.get(callId)?.abort(new DOMException(reason, 'AbortError'))
    this.#running.delete(callId)
  }

  /** Aborts the handlers that still run; nothing is sent after that. */
  end(reason: string): void {
    for (const callId of this.#running.keys()) this.settled(callId, reason)
    this.#ready = []
  }

  async #serve(event: Called, signal: AbortSignal): Promise<void> {
    const { callId } = event
    const answer = await this.#options.callTool(event, signal).catch(failedByHandler)
    if (signal.aborted) return
    this.#running.delete(callId)
    this.#ready.push({ callId, answer })
    if (!this.#isSending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    try {
      // What becomes ready without the event loop goes along.
      await new Promise<void>((resolve) => nextTick(resolve))
      while (this.#ready.length > 0) await this.#options.send(this.#takeBatch())
    } catch (error) {
      this.#options.onFailure(error as Error)
    } finally {
      this.#isSending = false
    }
  }

  /** A request with as many answers as fit into one: 1,000, and no more bytes than the largest single one may have. */
  #takeBatch(): string {
    const texts: string[] = []
    let sizeBytes = 0
    for (const result of this.#ready.slice(0, 1_000)) {
      const text = JSON.stringify(result)
      sizeBytes += Buffer.byteLength(text)
      if (texts.length > 0 && sizeBytes > fixedLimits.toolOutputBytes) break
      texts.push(text)
    }
    this.#ready.splice(0, texts.length)
    return `{"results":[${texts.join(',')}]}`
  }
}
