import { nextTick } from 'node:process'

import { fixedLimits, type ExecutionEvent, type ToolAnswer } from '@codemode/shared'

import { callFingerprint } from './tools/call-fingerprint.ts'
import { CallConflict, type CallRecord } from './tools/call-record.ts'
import { failed, failedByHandler } from './tools/tool-failure.ts'

type Called = Extract<ExecutionEvent, { type: 'tool.called' }>
interface StreamCallsOptions {
  /** Answers of this client's calls, also of other streams. */
  readonly record: CallRecord
  /** Time after which no repeat of a call comes, in milliseconds since the epoch. */
  readonly keepUntil: number
  readonly callTool: (event: Called, signal: AbortSignal) => Promise<ToolAnswer>
  /** Sends the JSON text of a `ToolResultsRequest`. */
  readonly send: (body: string) => Promise<unknown>
  /** Called with each call that is refused because its id was used before with another tool or input. */
  readonly onConflict: (event: Called, conflict: CallConflict) => void
  /** Called when the answers could not be sent, so that the execution cannot go on. */
  readonly onFailure: (error: Error) => void
}

/**
 * The tool calls of one stream. Each call id runs once, for any number of its events. Answers that are ready together, or
 * while others are being sent, go out in one request.
 */
export class StreamCalls {
  readonly #options: StreamCallsOptions
  readonly #running = new Map<string, AbortController>()
  /** Fingerprints of the calls that were begun, by call id. */
  readonly #seen = new Map<string, string>()
  /** JSON texts of the results that are ready to be sent. */
  #ready: string[] = []
  #isSending = false

  constructor(options: StreamCallsOptions) {
    this.#options = options
  }

  called(event: Called): void {
    const { callId, tool, input } = event
    const fingerprint = callFingerprint(tool, input)
    const first = this.#seen.get(callId)
    if (first === fingerprint) return
    if (first !== undefined) return this.#refuse(event, new CallConflict(callId, tool))
    this.#seen.set(callId, fingerprint)
    const controller = new AbortController()
    this.#running.set(callId, controller)
    void this.#serve(event, fingerprint, controller.signal)
  }

  /** Ends a call, also while its handler is running. */
  settled(callId: string, reason: string): void {
    this.#running.get(callId)?.abort(new DOMException(reason, 'AbortError'))
    this.#running.delete(callId)
  }

  /** Aborts the handlers that still run; nothing is sent after that. */
  end(reason: string): void {
    for (const callId of this.#running.keys()) this.settled(callId, reason)
    this.#ready = []
  }

  async #serve(event: Called, fingerprint: string, signal: AbortSignal): Promise<void> {
    const { record, keepUntil, callTool, onFailure } = this.#options
    const { callId, tool } = event
    try {
      const json = await record.answer({ id: callId, tool, fingerprint, keepUntil, graceMs: 0 }, signal, (own) =>
        callTool(event, own).catch(failedByHandler),
      )
      if (!signal.aborted) this.#send(callId, json)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof CallConflict) this.#refuse(event, error)
      else onFailure(error as Error)
    }
  }

  #refuse(event: Called, conflict: CallConflict): void {
    this.#options.onConflict(event, conflict)
    this.#send(event.callId, JSON.stringify(failed('TOOL_CALL_CONFLICT', conflict.message)))
  }

  #send(callId: string, answerJson: string): void {
    this.#running.delete(callId)
    this.#ready.push(`{"callId":${JSON.stringify(callId)},"answer":${answerJson}}`)
    if (!this.#isSending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    try {
      // Answers that become ready before the next turn of the event loop go out together.
      await new Promise<void>((resolve) => nextTick(resolve))
      while (this.#ready.length > 0) await this.#options.send(this.#takeBatch())
    } catch (error) {
      this.#options.onFailure(error as Error)
    } finally {
      this.#isSending = false
    }
  }

  /** Returns a request with as many answers as fit: 1,000, and no more bytes than the largest single answer may have. */
  #takeBatch(): string {
    const texts: string[] = []
    let sizeBytes = 0
    for (const text of this.#ready.slice(0, 1_000)) {
      sizeBytes += Buffer.byteLength(text)
      if (texts.length > 0 && sizeBytes > fixedLimits.toolOutputBytes) break
      texts.push(text)
    }
    this.#ready.splice(0, texts.length)
    return `{"results":[${texts.join(',')}]}`
  }
}
