// Network between a client and the instances of one executor, with faults from a seeded random number generator, on the
// clock of the test. It replaces undici's connections; all layers above are real.
import { Dispatcher } from 'undici'

import type { SimulatedAnswer, SimulatedExecutor } from './simulated-executor.ts'

/** Random choices of one schedule, reproducible by its seed. */
export interface Chance {
  /** Returns a number in [0, 1). */
  next(): number
  /** Returns whether an event of that probability happens. */
  is(probability: number): boolean
  /** Returns one of the values. */
  of<Value>(...values: readonly Value[]): Value
  /** Returns a duration: mostly a few milliseconds, sometimes many seconds. */
  delayMs(longProbability: number): number
}

/** Creates the choices of a schedule (mulberry32). */
export function createChance(seed: number): Chance {
  let state = Math.imul(seed, 0x9e3779b1)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const chance: Chance = {
    next,
    is: (probability) => next() < probability,
    of: (...values) => values[Math.floor(next() * values.length)]!,
    delayMs: (longProbability) => Math.floor(chance.is(longProbability) ? next() ** 2 * 60_000 : next() * 10),
  }
  return chance
}

interface NetworkOptions {
  readonly chance: Chance
  /** Returns the running instance, if there is one. */
  readonly current: () => SimulatedExecutor | undefined
  /** Called with each answer that an instance gives to a request. */
  readonly onAnswer: (request: Request, answer: SimulatedAnswer) => void
}

/**
 * Network that delivers requests late, twice or never, and loses answers. A proxy in it may answer itself, and may
 * repeat requests.
 */
export class SimulatedNetwork extends Dispatcher {
  readonly #options: NetworkOptions
  #inTransit = 0

  constructor(options: NetworkOptions) {
    super()
    this.#options = options
  }

  /** Number of requests that have not arrived, or are not answered. */
  get inTransit(): number {
    return this.#inTransit
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { chance } = this.#options
    const reply = new Reply(handler)
    const request = () => requestOf(options)
    const isProxied = chance.is(0.5)
    if (!isProxied && this.#options.current() === undefined) {
      this.#after(1, () =>
        reply.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })),
      )
      return true
    }
    const arriving = (longProbability: number): Promise<SimulatedAnswer> =>
      this.#arrive(request, isProxied, longProbability)
    const breakLater = (): void => this.#after(chance.delayMs(0.05), () => reply.fail(broken()))
    const outcome = chance.next()
    if (outcome < 0.5) this.#answerBy(arriving(0.05), reply)
    else if (outcome < 0.58) breakLater()
    else if (outcome < 0.72) {
      // The client gives the attempt up while the request is still in transit.
      breakLater()
      arriving(0.9).catch(() => {})
    } else if (outcome < 0.8) {
      arriving(0.1).then(
        () => reply.fail(broken()),
        () => reply.fail(broken()),
      )
    } else if (outcome < 0.88) {
      if (chance.is(0.5)) arriving(0.5).catch(() => {})
      const status = chance.of(500, 502, 503, 504)
      this.#after(chance.delayMs(0.1), () => reply.answer({ status, headers: {}, text: '<html></html>' }))
    } else {
      // The request is duplicated: the client gets the answer to one of the two.
      const [first, second] = [arriving(0.2), arriving(0.8)]
      const [used, other] = chance.is(0.5) ? [first, second] : [second, first]
      other.catch(() => {})
      this.#answerBy(used, reply)
    }
    return true
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}

  #answerBy(answer: Promise<SimulatedAnswer>, reply: Reply): void {
    const { chance } = this.#options
    answer.then(
      (value) => this.#after(chance.delayMs(0.02), () => reply.answer(value)),
      () => this.#after(chance.delayMs(0.02), () => reply.fail(broken())),
    )
  }

  /** Delivers a request after a delay. If the instance is killed during it, a proxy may repeat the request. */
  async #arrive(request: () => Request, isProxied: boolean, longProbability: number): Promise<SimulatedAnswer> {
    const { chance, current, onAnswer } = this.#options
    this.#inTransit += 1
    try {
      for (;;) {
        await new Promise<void>((resolve) => setTimeout(resolve, chance.delayMs(longProbability)))
        try {
          const executor = current()
          if (executor === undefined) throw broken()
          const arrived = request()
          const answer = await executor.answer(arrived)
          onAnswer(arrived, answer)
          return answer
        } catch (error) {
          if (!isProxied || chance.is(0.4)) throw error
        }
      }
    } finally {
      this.#inTransit -= 1
    }
  }

  #after(delayMs: number, action: () => void): void {
    setTimeout(action, delayMs)
  }
}

/** Client's end of one request; only the first outcome counts. */
class Reply {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #controller: Dispatcher.DispatchController
  #isSettled = false

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
    const abort = (reason: Error): void => this.fail(reason)
    this.#controller = { aborted: false, paused: false, reason: null, abort, pause() {}, resume() {} }
    handler.onRequestStart?.(this.#controller, {})
  }

  answer({ status, headers, text }: SimulatedAnswer): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#handler.onResponseStart?.(this.#controller, status, headers, '')
    this.#handler.onResponseData?.(this.#controller, Buffer.from(text))
    this.#handler.onResponseEnd?.(this.#controller, {})
  }

  fail(error: Error): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#handler.onResponseError?.(this.#controller, error)
  }
}

const broken = (): Error => Object.assign(new Error('broken'), { code: 'UND_ERR_SOCKET' })

function requestOf({ path, method, headers, body }: Dispatcher.DispatchOptions): Request {
  return new Request(`http://executor.test${path}`, {
    method,
    headers: headers as Record<string, string>,
    ...(typeof body === 'string' && { body }),
  })
}
