import type { ToolAnswer } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

const maxCalls = 10_000
/** Of memory, at two bytes a character. */
const maxBytes = 64 * 1024 * 1024
const maxKeptMs = 24 * 3_600_000

/** A call as it is delivered. */
interface DeliveredCall {
  readonly id: string
  /** No repeat comes later; in milliseconds since the epoch. */
  readonly keepUntil: number
}

/** Longer than the executor takes to deliver a call again after a broken connection: 400 ms at most, and connecting. */
const redeliveryGraceMs = 1_000

interface RunningCall {
  readonly answer: Promise<string>
  readonly controller: AbortController
  deliveries: number
  /** Runs while there is no delivery. */
  grace?: NodeJS.Timeout
}

/**
 * Runs each call id once within this process: deliveries of a call that runs share it, later ones get the first answer
 * again. Running calls are kept as long as they run; answers until no repeat can come, in a record that is bounded in
 * count and memory, the one that was asked for least recently out first.
 *
 * A delivery is lost in the same way whether the executor cancelled the call or the connection broke: a fetch handler
 * can't see which, and behind a proxy neither could the socket. So a call goes on without one for a second, in which the
 * executor's next try joins it, and its signal aborts only then.
 */
export class CallRecord {
  readonly #running = new Map<string, RunningCall>()
  readonly #answers = new LRUCache<string, string>({
    max: maxCalls,
    maxSize: maxBytes,
    sizeCalculation: (answer, callId) => 2 * (answer.length + callId.length),
    ttl: maxKeptMs,
    ttlResolution: 0,
    // The clock that tokens expire by.
    perf: { now: () => Date.now() },
  })

  /** The answer as JSON text. The call's own signal aborts a second after that of its last delivery has. */
  answer(
    call: DeliveredCall,
    delivery: AbortSignal,
    run: (signal: AbortSignal) => Promise<ToolAnswer>,
  ): Promise<string> {
    const first = this.#answers.get(call.id)
    if (first !== undefined) return Promise.resolve(first)
    return this.#wait(this.#running.get(call.id) ?? this.#start(call, run), delivery)
  }

  /** Aborts all calls that run. */
  abortAll(reason: unknown): void {
    for (const call of this.#running.values()) call.controller.abort(reason)
  }

  #start({ id, keepUntil }: DeliveredCall, run: (signal: AbortSignal) => Promise<ToolAnswer>): RunningCall {
    const controller = new AbortController()
    const settle = async (): Promise<string> => {
      try {
        const answer = JSON.stringify(await run(controller.signal))
        const keptMs = Math.min(keepUntil - Date.now(), maxKeptMs)
        if (keptMs > 0) this.#answers.set(id, answer, { ttl: keptMs })
        return answer
      } finally {
        this.#running.delete(id)
      }
    }
    const call = { answer: settle(), controller, deliveries: 0 }
    this.#running.set(id, call)
    return call
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
