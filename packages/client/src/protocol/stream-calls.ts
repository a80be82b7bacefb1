import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers/promises'

import { fixedLimits, type ExecutionEvent, type ToolResponse } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import { callFingerprint } from '../tools/call-fingerprint.ts'
import { CallConflict, type CallRecord } from '../tools/call-record.ts'
import { failedByHandler } from '../tools/tool-failure.ts'

/** Event that requests a tool call. */
export type ToolCalledEvent = Extract<ExecutionEvent, { type: 'tool.called' }>

/**
 * Maximum iterations of the event loop for which calls wait. All events that an executor keeps arrive in fewer chunks.
 */
const maxQuietChecks = 512

interface ArrivedCall {
  readonly event: ToolCalledEvent
  readonly fingerprint: string
  readonly signal: AbortSignal
}

interface StreamCallsOptions {
  /** Answers of this client's tool calls, including those of other streams. */
  readonly record: CallRecord
  /** Time after which no repeat of a call arrives, in milliseconds since the epoch. */
  readonly keepUntil: number
  /** Whether another stream serves the calls that this one stops serving: then no answer of an aborted call is kept. */
  readonly arrivesAgain?: boolean
  readonly serveEvent: (event: ToolCalledEvent, signal: AbortSignal) => Promise<ToolResponse>
  /** Called with tool calls; returns those that are still open at the executor. */
  readonly openCalls: (
    events: readonly ToolCalledEvent[],
  ) => readonly ToolCalledEvent[] | Promise<readonly ToolCalledEvent[]>
  /** Called with the JSON text of a `ToolResultsRequest` to send it. */
  readonly send: (body: string) => Promise<unknown>
  /** Called with each call that is refused because its id was used before with another tool or input. */
  readonly onConflict: (event: ToolCalledEvent, conflict: CallConflict) => void
  /** Called if the execution can't go on, since answers can't be sent or its record can't be read. */
  readonly onFailure: (error: Error) => void
}

/**
 * Tool calls of one event stream. Each call id runs once, however often its event arrives, and only after all events
 * that have arrived are read: a proxy may deliver a call together with the event that settles it. A call that needs an
 * approval arrives a second time after it. Answers that are
 * ready at the same time, or while others are being sent, are sent in one request.
 */
export class StreamCalls {
  readonly #options: StreamCallsOptions
  /** Calls that are neither settled nor answered, including those that have not been started. */
  readonly #open = new Map<string, AbortController>()
  /** Fingerprints of the calls that have arrived, by call id. */
  readonly #seen = new Map<string, string>()
  #arrived: ArrivedCall[] = []
  #batches = 0
  #isWaiting = false
  /** JSON texts of results that are ready to be sent. */
  #ready: string[] = []
  #isSending = false

  constructor(options: StreamCallsOptions) {
    this.#options = options
  }

  /** Processes events that have arrived together. Their calls start when no more events are ready to be read. */
  receive(events: readonly ExecutionEvent[]): void {
    this.#batches += 1
    for (const event of events) {
      if (event.type === 'tool.called') this.#called(event)
      if (event.type === 'approval.requested') this.#awaitsApproval(event.callId)
      if (event.type === 'tool.settled') this.#settled(event.callId, 'The call was settled without this answer')
      if (event.type === 'finished') this.end('The execution has ended')
    }
    if (this.#arrived.length > 0 && !this.#isWaiting) void this.#startArrived()
  }

  /** Aborts the handlers that are running, and drops pending calls and answers. */
  end(reason: string): void {
    for (const callId of this.#open.keys()) this.#settled(callId, reason)
    this.#ready = []
  }

  #called(event: ToolCalledEvent): void {
    const { callId, tool, input } = event
    const fingerprint = callFingerprint(tool, input)
    const first = this.#seen.get(callId)
    if (first === fingerprint) return
    if (first !== undefined) return this.#refuse(event, new CallConflict(callId, tool))
    this.#seen.set(callId, fingerprint)
    const controller = new AbortController()
    this.#open.set(callId, controller)
    this.#arrived.push({ event, fingerprint, signal: controller.signal })
  }

  /** Drops a call that waits for an approval. It arrives again after it, perhaps with an edited input. */
  #awaitsApproval(callId: string): void {
    this.#settled(callId, 'The call waits for an approval')
    this.#seen.delete(callId)
  }

  #settled(callId: string, reason: string): void {
    this.#open.get(callId)?.abort(new DOMException(reason, 'AbortError'))
    this.#open.delete(callId)
  }

  async #startArrived(): Promise<void> {
    this.#isWaiting = true
    await this.#untilQuiet()
    this.#isWaiting = false
    const arrived = this.#arrived.filter(({ signal }) => !signal.aborted)
    this.#arrived = []
    if (arrived.length === 0) return
    try {
      const open = new Set(await this.#options.openCalls(arrived.map(({ event }) => event)))
      for (const call of arrived) {
        if (!open.has(call.event)) this.#settled(call.event.callId, 'The call was settled before it was started')
        if (!call.signal.aborted) void this.#serve(call)
      }
    } catch (error) {
      this.#options.onFailure(error as Error)
    }
  }

  /** Resolves when an iteration of the event loop has brought no further events. */
  async #untilQuiet(): Promise<void> {
    for (let check = 0; check < maxQuietChecks; check++) {
      const before = this.#batches
      await setImmediate()
      if (this.#batches === before) return
    }
  }

  async #serve({ event, fingerprint, signal }: ArrivedCall): Promise<void> {
    const { record, keepUntil, arrivesAgain = false, serveEvent, onFailure } = this.#options
    const { callId, tool } = event
    try {
      const call = { id: callId, tool, fingerprint, keepUntil, arrivesAgain, gracePeriodMs: 0 }
      const json = await record.answer(call, signal, (own) => serveEvent(event, own).catch(failedByHandler))
      if (!signal.aborted) this.#send(callId, json)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof CallConflict) this.#refuse(event, error)
      else onFailure(error as Error)
    }
  }

  #refuse(event: ToolCalledEvent, conflict: CallConflict): void {
    this.#options.onConflict(event, conflict)
    this.#send(event.callId, JSON.stringify(toolFailed('TOOL_CALL_CONFLICT', conflict.message)))
  }

  #send(callId: string, answerJson: string): void {
    this.#open.delete(callId)
    this.#ready.push(`{"callId":${JSON.stringify(callId)},"answer":${answerJson}}`)
    if (!this.#isSending) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    try {
      // Answers that become ready before the next tick are sent together.
      await new Promise<void>((resolve) => nextTick(resolve))
      while (this.#ready.length > 0) await this.#options.send(this.#takeBatch())
    } catch (error) {
      this.#options.onFailure(error as Error)
    } finally {
      this.#isSending = false
    }
  }

  /** Removes up to 1,000 ready answers, up to `toolOutputBytes` in total but at least one. Returns their request. */
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
