import type { ToolResponse } from '@codemode/shared'
import { toolCancelled } from '@codemode/shared/internal'
import { LRUCache } from 'lru-cache'

import { signatureToleranceMs } from './webhook-signature.ts'

const maxCalls = 10_000
/** Maximum size in memory, at two bytes a character. */
const maxBytes = 64 * 1024 * 1024
const maxKeptMs = 24 * 3_600_000
/**
 * Milliseconds for which a cancellation is remembered. A call is signed before its cancellation. When the executor's
 * clock is ahead by the whole tolerance, an arrival of the call is accepted for twice the tolerance from then on, and
 * not longer.
 */
const cancellationKeptMs = 2 * signatureToleranceMs

/** One arrival of a call: a request or an event that carries it. */
interface CallArrival {
  readonly id: string
  readonly tool: string
  /** Hash of the tool and the input. */
  readonly fingerprint: string
  /** Time after which no repeat arrives, in milliseconds since the epoch. */
  readonly keepUntil: number
  /**
   * Milliseconds for which the call continues without an arrival; 1,000 by default. A call that sets them is repeated
   * however late, so a failure after this period is not its answer: the next arrival runs the handler again.
   */
  readonly gracePeriodMs?: number
  /** Whether the call arrives again if this process stops serving it: then the answer of an aborted call is not kept. */
  readonly arrivesAgain?: boolean
  /** Called if the arrival joins the running call, which an earlier one has started. */
  readonly onJoin?: () => void
}

/** Error for an arrival whose call id was used before with another tool or input. */
export class CallConflict extends Error {
  override readonly name = 'CallConflict'

  constructor(callId: string, tool: string) {
    super(
      `The call ${callId} of ${tool} was refused: the same call id was used before with another tool or input, ` +
        'so the code of its execution has run twice.',
    )
  }
}

/**
 * Default grace period in milliseconds. It exceeds the time in which the executor delivers a call again after a broken
 * connection: 400 ms plus the time of connecting.
 */
const defaultGracePeriodMs = 1_000

interface RecordedAnswer {
  readonly fingerprint: string
  readonly json: string
}

interface RunningCall {
  readonly fingerprint: string
  readonly answer: Promise<string>
  readonly controller: AbortController
  /** Answers the call as cancelled, unless it has been answered. */
  readonly answerAsCancelled: () => void
  arrivals: number
  /** Timer of the grace period, which runs while there is no arrival. */
  graceTimer?: NodeJS.Timeout
  /** Whether the call was aborted after a grace period that the arrival had set. */
  isAbandoned: boolean
}

/**
 * Runs each call id once within this process: arrivals of a running call share it (single-flight), later ones get the
 * first answer again, and one with another tool or input is refused. Running calls are kept until they end; answers
 * until no repeat can arrive, in a record that is bounded in count and memory and evicts the least recently used. That a call
 * needs an approval is not kept: the call arrives again after it.
 *
 * A closed connection alone does not show whether the executor cancelled the call or the connection broke, neither to a
 * fetch handler nor, behind a proxy, to a server with the socket. Therefore a call continues without an arrival for a
 * grace period, in which the executor's next attempt joins it; then its signal aborts. `cancel` aborts it at once.
 */
export class CallRecord {
  readonly #running = new Map<string, RunningCall>()
  /** Ids of recently cancelled calls: an arrival after the cancellation must not run the handler. */
  readonly #cancelled = new LRUCache<string, true>({
    max: maxCalls,
    ttl: cancellationKeptMs,
    ttlResolution: 0,
    perf: { now: () => Date.now() },
  })
  readonly #answers = new LRUCache<string, RecordedAnswer>({
    max: maxCalls,
    maxSize: maxBytes,
    sizeCalculation: ({ fingerprint, json }, callId) => 2 * (json.length + fingerprint.length + callId.length),
    ttl: maxKeptMs,
    ttlResolution: 0,
    // Tokens expire by this clock too.
    perf: { now: () => Date.now() },
  })

  /**
   * Returns the answer as JSON text. Aborts the signal of the call when its last arrival has been aborted for the
   * grace period. Rejects with `CallConflict` if the call id was used with another tool or input.
   */
  async answer(
    call: CallArrival,
    arrival: AbortSignal,
    run: (signal: AbortSignal) => Promise<ToolResponse>,
  ): Promise<string> {
    const { id, tool, fingerprint } = call
    const running = this.#running.get(id)
    const first = this.#answers.get(id) ?? running
    if (first !== undefined && first.fingerprint !== fingerprint) throw new CallConflict(id, tool)
    if (running?.isAbandoned === true) {
      await running.answer
      return this.answer(call, arrival, run)
    }
    if (first !== undefined && 'json' in first) return first.json
    if (first === undefined && this.#cancelled.has(id)) return JSON.stringify(toolCancelled(tool))
    if (running !== undefined) call.onJoin?.()
    return this.#wait(running ?? this.#start(call, run), arrival, call.gracePeriodMs)
  }

  /**
   * Aborts the call if it runs, and answers all its arrivals at once. A call that has been answered keeps its answer,
   * and an unknown one does not run if it arrives later: it may still be in transit.
   */
  cancel(callId: string, reason: string | undefined): void {
    if (this.#answers.has(callId)) return
    this.#cancelled.set(callId, true)
    const running = this.#running.get(callId)
    if (running === undefined) return
    running.answerAsCancelled()
    const detail = reason === undefined ? '' : `: ${reason}`
    running.controller.abort(new DOMException(`The executor cancelled the call${detail}`, 'AbortError'))
  }

  /** Aborts all running calls. */
  abortAll(reason: unknown): void {
    for (const call of this.#running.values()) call.controller.abort(reason)
  }

  #start(call: CallArrival, run: (signal: AbortSignal) => Promise<ToolResponse>): RunningCall {
    const { id, tool, fingerprint, keepUntil } = call
    const controller = new AbortController()
    const cancelled = Promise.withResolvers<ToolResponse>()
    const settle = async (): Promise<string> => {
      try {
        const first = await Promise.race([cancelled.promise, run(controller.signal)])
        const response = this.#cancelled.has(id) ? toolCancelled(tool) : first
        const json = JSON.stringify(response)
        const keptMs = isLasting(response, call, running) ? Math.min(keepUntil - Date.now(), maxKeptMs) : 0
        if (keptMs > 0) this.#answers.set(id, { fingerprint, json }, { ttl: keptMs })
        return json
      } finally {
        this.#running.delete(id)
      }
    }
    const running: RunningCall = {
      fingerprint,
      answer: settle(),
      controller,
      answerAsCancelled: () => cancelled.resolve(toolCancelled(tool)),
      arrivals: 0,
      isAbandoned: false,
    }
    this.#running.set(id, running)
    return running
  }

  async #wait(call: RunningCall, arrival: AbortSignal, ownGraceMs: number | undefined): Promise<string> {
    const gracePeriodMs = ownGraceMs ?? defaultGracePeriodMs
    clearTimeout(call.graceTimer)
    call.arrivals += 1
    const endArrival = (): void => {
      call.arrivals -= 1
      if (call.arrivals > 0) return
      if (gracePeriodMs === 0) return call.controller.abort(arrival.reason)
      const abort = (): void => {
        call.isAbandoned = ownGraceMs !== undefined
        call.controller.abort(new DOMException('The executor no longer waits for the call', 'AbortError'))
      }
      call.graceTimer = setTimeout(abort, gracePeriodMs)
    }
    if (arrival.aborted) endArrival()
    else arrival.addEventListener('abort', endArrival, { once: true })
    try {
      return await call.answer
    } finally {
      arrival.removeEventListener('abort', endArrival)
      clearTimeout(call.graceTimer)
    }
  }
}

/** Returns whether a response is the answer of the call also to later arrivals. */
function isLasting(
  response: ToolResponse,
  { arrivesAgain }: CallArrival,
  { isAbandoned, controller }: RunningCall,
): boolean {
  if ('approvalRequired' in response) return false
  if (arrivesAgain === true && controller.signal.aborted) return false
  return !(isAbandoned && 'ok' in response && !response.ok)
}
