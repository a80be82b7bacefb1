import type { ToolAnswer } from '@codemode/shared'
import { LRUCache } from 'lru-cache'

import { linkAbort } from '../linked-abort.ts'

const maxCalls = 10_000
const maxBytes = 64 * 1024 * 1024

interface RunningCall {
  readonly answer: Promise<string>
  readonly controller: AbortController
  deliveries: number
}

/**
 * Runs each call id once within this process: deliveries of a call that runs share it, later ones get the first answer
 * again. Running calls are kept as long as they run, answers in a bounded record, oldest out first.
 */
export class CallRecord {
  readonly #running = new Map<string, RunningCall>()
  readonly #answers = new LRUCache<string, string>({
    max: maxCalls,
    maxSize: maxBytes,
    sizeCalculation: (answer, callId) => answer.length + callId.length,
  })

  /** The answer as JSON text. The call's own signal aborts when that of every delivery that waits for it has. */
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
    const gone = new AbortController()
    const unlink = linkAbort(delivery, gone)
    call.deliveries += 1
    const leave = (): void => {
      call.deliveries -= 1
      if (call.deliveries === 0) call.controller.abort(new DOMException('The executor gave up the call', 'AbortError'))
    }
    if (gone.signal.aborted) leave()
    else gone.signal.addEventListener('abort', leave, { once: true })
    try {
      return await call.answer
    } finally {
      unlink()
    }
  }
}
