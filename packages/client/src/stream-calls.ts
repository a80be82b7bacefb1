import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers/promises'

import { fixedLimits, type ExecutionEvent, type ToolAnswer, type ToolResultsRequest } from '@codemode/shared'

import { failedByHandler } from './tools/tool-failure.ts'

/** An event that asks for a tool call. */
export type Called = Extract<ExecutionEvent, { type: 'tool.called' }>
type Result = ToolResultsRequest['results'][number]

/** Iterations of the event loop that calls wait for further events; so many chunks have all that an executor keeps. */
const maxQuietChecks = 512

interface StreamCallsOptions {
  readonly callTool: (event: Called, signal: AbortSignal) => Promise<ToolAnswer>
  /** Resolves with those of the calls that are still open at the executor. */
  readonly openCalls: (events: readonly Called[]) => readonly Called[] | Promise<readonly Called[]>
  /** Sends the JSON text of a `ToolResultsRequest`. */
  readonly send: (body: string) => Promise<unknown>
  /** Called when answers can't be sent, or the executor can't be asked, so that the execution can't go on. */
  readonly onFailure: (error: Error) => void
}

/**
 * The tool calls of one stream. Each call id runs once, however often its event comes, and not before all events that have
 * arrived are read: a proxy may deliver a call together with the event that settles it. Answers that are ready together, or
 * while others are on their way, go out in one request.
 */
export class StreamCalls {
  readonly #options: StreamCallsOptions
  /** Calls that are neither settled nor answered, also those that have not been started yet. */
  readonly #open = new Map<string, AbortController>()
  readonly #seen = new Set<string>()
  #arrived: { readonly event: Called; readonly signal: AbortSignal }[] = []
  #batches = 0
  #isWaiting = false
  #ready: Result[] = []
  #isSending = false

  constructor(options: StreamCallsOptions) {
    this.#options = options
  }

  /** Takes events that have arrived together. Their calls start when no more events are ready to be read. */
  take(events: readonly ExecutionEvent[]): void {
    this.#batches += 1
    for (const event of events) {
      if (event.type === 'tool.called') this.#called(event)
      if (event.type === 'tool.settled') this.#settled(event.callId, 'The call was settled without this answer')
      if (event.type === 'finished') this.end('The execution has ended')
    }
    if (this.#arrived.length > 0 && !this.#isWaiting) void this.#startArrived()
  }

  /** Aborts the handlers that still run and starts no others; nothing is sent after that. */
  end(reason: string): void {
    for (const callId of this.#open.keys()) this.#settled(callId, reason)
    this.#ready = []
  }

  #called(event: Called): void {
    const { callId } = event
    if (this.#seen.has(callId)) return
    this.#seen.add(callId)
    const controller = new AbortController()
    this.#open.set(callId, controller)
    this.#arrived.push({ event, signal: controller.signal })
  }

  #settled(callId: string, reason: string): void {
    this.#open.get(callId)?.abort(new DOMException(reason, 'AbortError'))
    this.#open.delete(callId)
  }

  async #startArrived(): Promise<void> {
    this.#isWaiting = true
    await this.#quiet()
    this.#isWaiting = false
    const arrived = this.#arrived.filter(({ signal }) => !signal.aborted)
    this.#arrived = []
    if (arrived.length === 0) return
    try {
      const open = new Set(await this.#options.openCalls(arrived.map(({ event }) => event)))
      for (const { event, signal } of arrived) {
        if (!open.has(event)) this.#settled(event.callId, 'The call was settled before it was started')
        if (!signal.aborted) void this.#serve(event, signal)
      }
    } catch (error) {
      this.#options.onFailure(error as Error)
    }
  }

  /** Resolves when an iteration of the event loop has brought no further events. */
  async #quiet(): Promise<void> {
    for (let check = 0; check < maxQuietChecks; check++) {
      const before = this.#batches
      await setImmediate()
      if (this.#batches === before) return
    }
  }

  async #serve(event: Called, signal: AbortSignal): Promise<void> {
    const { callId } = event
    const answer = await this.#options.callTool(event, signal).catch(failedByHandler)
    if (signal.aborted) return
    this.#open.delete(callId)
    this.#ready.push({ callId, answer })
    if (!this.#isSending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    try {
      // Answers that become ready without the event loop go along.
      await new Promise<void>((resolve) => nextTick(resolve))
      while (this.#ready.length > 0) await this.#options.send(this.#takeBatch())
    } catch (error) {
      this.#options.onFailure(error as Error)
    } finally {
      this.#isSending = false
    }
  }

  /** Returns a request with up to 1,000 answers, in no more bytes than the largest single answer may have. */
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
