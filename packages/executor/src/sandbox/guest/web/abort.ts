import { missing } from '../missing.ts'
import type { Primordials } from '../primordials.ts'
import { defineWebClass } from './define-web-class.ts'
import type { DomExceptionClass } from './dom-exception.ts'
import type { Events } from './event-target.ts'
import { listOf } from './iterate.ts'
import type { WebHost } from './web-host.ts'

/** Creates the DOM Standard's `AbortController` and `AbortSignal`. */
export function createAbort(p: Primordials, host: WebHost, DOMException: DomExceptionClass, events: Events) {
  const construction = { __proto__: null }
  const internals = {
    abort: undefined as unknown as (signal: AbortSignal, reason: unknown) => void,
    isSignal: undefined as unknown as (value: unknown) => value is AbortSignal,
  }

  class AbortSignal extends events.EventTarget {
    static {
      internals.abort = (signal, reason) => signal.#abort(reason)
      internals.isSignal = (value): value is AbortSignal =>
        typeof value === 'object' && value !== null && #dependents in value
    }

    static abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): AbortSignal {
      return AbortSignal.#abortedWith(reason)
    }

    static timeout(delayMs: unknown): AbortSignal {
      const delay = p.Number(delayMs)
      if (!p.NumberIsFinite(delay)) throw new p.TypeError('The "delay" argument must be a finite number')
      if (!(delay >= 0 && delay <= 9_007_199_254_740_991)) {
        throw new p.RangeError(`The value of "delay" is out of range. It must be >= 0 && <= 9007199254740991.`)
      }
      const signal = new AbortSignal(construction)
      host.setTimeout(() => {
        signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
      }, delay)
      return signal
    }

    static any(signals: unknown): AbortSignal {
      const combined = new AbortSignal(construction)
      const sources = listOf(p, signals)
      for (let index = 0; index < sources.length; index++) {
        const source = sources[index]
        if (!internals.isSignal(source)) {
          throw new p.TypeError(`The "signals[${index}]" argument must be an instance of AbortSignal.`)
        }
      }
      for (let index = 0; index < sources.length; index++) {
        const source = sources[index] as AbortSignal
        if (source.#isAborted) return AbortSignal.#abortedWith(source.#reason)
      }
      for (let index = 0; index < sources.length; index++)
        p.arrayPush((sources[index] as AbortSignal).#dependents, combined)
      return combined
    }

    static #abortedWith(reason: unknown): AbortSignal {
      const signal = new AbortSignal(construction)
      signal.#isAborted = true
      signal.#reason = reason
      return signal
    }

    readonly #dependents: AbortSignal[] = []
    #isAborted = false
    #reason?: unknown
    #handler: unknown = null
    #isHandled = false

    constructor(key = missing) {
      if (key !== construction) {
        throw p.ObjectAssign(new p.TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' })
      }
      super()
    }

    get aborted(): boolean {
      return this.#isAborted
    }
    get reason(): unknown {
      return this.#reason
    }
    get onabort(): unknown {
      return this.#handler
    }
    set onabort(handler: unknown) {
      this.#handler = typeof handler === 'function' ? handler : null
      if (this.#isHandled || this.#handler === null) return
      this.#isHandled = true
      // The handler keeps the place among the listeners that it had when it was first set.
      events.addListener(this, 'abort', (...args: unknown[]) => {
        if (typeof this.#handler === 'function') p.ReflectApply(this.#handler, this, args)
      })
    }
    throwIfAborted(): void {
      if (this.#isAborted) throw this.#reason
    }

    /** Aborts this signal and all that depend on it before any listener runs. */
    #abort(reason: unknown): void {
      if (this.#isAborted) return
      const aborted: AbortSignal[] = [this]
      for (let index = 0; index < aborted.length; index++) {
        const signal = aborted[index] as AbortSignal
        signal.#isAborted = true
        signal.#reason = reason
        for (let each = 0; each < signal.#dependents.length; each++) {
          const dependent = signal.#dependents[each] as AbortSignal
          if (!dependent.#isAborted && !p.arrayIncludes(aborted, dependent)) p.arrayPush(aborted, dependent)
        }
      }
      for (let index = 0; index < aborted.length; index++) events.dispatch(aborted[index], new events.Event('abort'))
    }
  }

  class AbortController {
    readonly #signal = new AbortSignal(construction)

    get signal(): AbortSignal {
      return this.#signal
    }
    abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
      internals.abort(this.#signal, reason)
    }
  }

  defineWebClass(p, AbortSignal, 'AbortSignal')
  defineWebClass(p, AbortController, 'AbortController')
  return { AbortSignal, AbortController }
}
