import type { ToolAnswer } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

const maxCalls = 10_000
const maxBytes = 64 * 1024 * 1024

/** Longer than the executor takes to deliver a call again after a broken connection: 600 ms at most, and connecting. */
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
 * again. Running calls are kept as long as they run, answers in a bounded record, oldest out first.
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
    sizeCalculation: (answer, callId) => answer.length + callId.length,
  })

  /** The answer as JSON text. The call's own signal aborts a second after that of its last delivery has. */
  answer(callId: string, delivery: AbortSignal, run: (signal: AbortSignal) => Promise<ToolAnswer>): Promise<string> {
    const first = this.#answers.get(callId)
    if (first !== undefined) return Promise.resolve(first)
    const call = this.#running.get(callId) ?? this.#start(callId, run)
    return this.#wait(call, delivery)
  }

  /** Aborts all calls that run. */
  abortAll(reason: unknown): void {
    for (const call of this.#running.values()) call.controller.abort(reason)
  }

  #start(callId: string, run: (signal: AbortSignal) => Promise<ToolAnswer>): RunningCall {
    const controller = new AbortController()
    const settle = async (): Promise<string> => {
      try {
        const answer = JSON.stringify(await run(controller.signal))
        this.#answers.set(callId, answer)
        return answer
      } finally {
        this.#running.delete(callId)
      }
    }
    const call = { answer: settle(), controller, deliveries: 0 }
    this.#running.set(callId, call)
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
