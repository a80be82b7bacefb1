import type { ToolAnswer } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

import { CancelledCalls } from './cancelled-calls.ts'
import { failed } from './tool-failure.ts'

const maxCalls = 10_000
/** In memory, at two bytes a character. */
const maxBytes = 64 * 1024 * 1024
const maxKeptMs = 24 * 3_600_000

/** A call as it is delivered. */
interface DeliveredCall {
  readonly id: string
  readonly tool: string
  /** No repeat comes later; in milliseconds since the epoch. */
  readonly keepUntil: number
}

/** Longer than the executor takes to deliver a call again after a broken connection: 400 ms at most, and connecting. */
const redeliveryGraceMs = 1_000

interface RunningCall {
  readonly answer: Promise<string>
  readonly controller: AbortController
  /** Answers the call as cancelled, unless it has been answered. */
  readonly answerAsCancelled: () => void
  deliveries: number
  /** Runs while there is no delivery. */
  grace?: NodeJS.Timeout
}

/**
 * Runs each call id once within this process: deliveries of a call that runs share it, later ones get the first answer
 * again. Running calls are kept as long as they run; answers until no repeat can come, in a record that is bounded in
 * count and memory and evicts the least recently used answer.
 *
 * A closed connection alone does not say whether the executor cancelled the call or the connection broke: a fetch handler
 * can't tell, and behind a proxy neither could the socket. So a call continues without a connection for a second, in which
 * the executor's next attempt joins it, and its signal aborts only then. `cancel` aborts it at once.
 */
export class CallRecord {
  readonly #running = new Map<string, RunningCall>()
  readonly #cancelled = new CancelledCalls()
  readonly #answers = new LRUCache<string, string>({
    max: maxCalls,
    maxSize: maxBytes,
    sizeCalculation: (answer, callId) => 2 * (answer.length + callId.length),
    ttl: maxKeptMs,
    ttlResolution: 0,
    // The clock that tokens expire by.
    perf: { now: () => Date.now() },
  })

  /** Resolves with the answer as JSON text. The call's own signal aborts a second after that of its last delivery has. */
  answer(
    call: DeliveredCall,
    delivery: AbortSignal,
    run: (signal: AbortSignal) => Promise<ToolAnswer>,
  ): Promise<string> {
    const first = this.#answers.get(call.id)
    if (first !== undefined) return Promise.resolve(first)
    const running = this.#running.get(call.id)
    if (running === undefined && this.#cancelled.has(call.id)) return Promise.resolve(cancelledAnswer(call))
    return this.#wait(running ?? this.#start(call, run), delivery)
  }

  /**
   * Aborts the call if it runs and answers all its deliveries at once. A call that has been answered keeps its answer, and
   * one that is unknown does not run when it is delivered later: its delivery may still be on the way.
   */
  cancel(callId: string, reason: string | undefined): void {
    if (this.#answers.has(callId)) return
    this.#cancelled.add(callId)
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

  #start(call: DeliveredCall, run: (signal: AbortSignal) => Promise<ToolAnswer>): RunningCall {
    const { id, keepUntil } = call
    const controller = new AbortController()
    const cancelled = Promise.withResolvers<string>()
    const settle = async (): Promise<string> => {
      try {
        const answer = await Promise.race([cancelled.promise, jsonOf(run(controller.signal))])
        const keptMs = Math.min(keepUntil - Date.now(), maxKeptMs)
        if (keptMs > 0) this.#answers.set(id, answer, { ttl: keptMs })
        return answer
      } finally {
        this.#running.delete(id)
      }
    }
    const answerAsCancelled = (): void => cancelled.resolve(cancelledAnswer(call))
    const running = { answer: settle(), controller, answerAsCancelled, deliveries: 0 }
    this.#running.set(id, running)
    return running
  }

  async #wait(call: RunningCall, delivery: AbortSignal): Promise<string> {
    clearTimeout(call.grace)
    call.deliveries += 1
    const leave = (): void => {
      call.deliveries -= 1
      if (call.deliveries > 0) return
      const abort = (): void => call.controller.abort(new DOMException('The executor gave up the call', 'AbortError'))
      call.grace = setTimeout(abort, redeliveryGraceMs)
    }
    if (delivery.aborted) leave()
    else delivery.addEventListener('abort', leave, { once: true })
    try {
      return await call.answer
    } finally {
      delivery.removeEventListener('abort', leave)
      clearTimeout(call.grace)
    }
  }
}

const jsonOf = async (answer: Promise<ToolAnswer>): Promise<string> => JSON.stringify(await answer)

function cancelledAnswer({ tool }: DeliveredCall): string {
  return JSON.stringify(failed('TOOL_CANCELLED', `The call of ${tool} was cancelled`))
}
