import type { Primordials } from '../primordials.ts'
import { dictionaryOf, textOf } from './convert.ts'
import { defineWebClass } from './define-web-class.ts'
import type { DomExceptionClass } from './dom-exception.ts'
import type { WebHost } from './web-host.ts'

interface Listener {
  readonly callback: unknown
  readonly isCapture: boolean
  readonly isOnce: boolean
  readonly isPassive: boolean
  isRemoved: boolean
}

/** Creates DOM events for targets without parents: an event is at its target from its dispatch to its end. */
export function createEvents(p: Primordials, host: WebHost, DOMException: DomExceptionClass) {
  /** Operations on an event that only its dispatch may perform. */
  const internals = {
    begin: undefined as unknown as (event: Event, target: unknown) => void,
    end: undefined as unknown as (event: Event) => void,
    setPassive: undefined as unknown as (event: Event, isPassive: boolean) => void,
    isStopped: undefined as unknown as (event: Event) => boolean,
  }

  class Event {
    static {
      internals.begin = (event, target) => {
        if (event.#isDispatched) throw new DOMException('The event is already being dispatched', 'InvalidStateError')
        event.#isDispatched = true
        event.#target = target
      }
      internals.end = (event) => {
        event.#isDispatched = event.#isStopped = event.#isPassive = event.#isPropagationStopped = false
      }
      internals.setPassive = (event, isPassive) => {
        event.#isPassive = isPassive
      }
      internals.isStopped = (event) => event.#isStopped
    }

    readonly #type: string
    readonly #bubbles: boolean
    readonly #cancelable: boolean
    readonly #composed: boolean
    readonly #timeStamp = host.now()
    #target: unknown = null
    #isDispatched = false
    #isPassive = false
    #isPrevented = false
    #isStopped = false
    #isPropagationStopped = false

    constructor(type: unknown, options: unknown = null) {
      if (arguments.length === 0) throw new p.TypeError('The "type" argument must be specified')
      const init = dictionaryOf(p, options)
      this.#type = textOf(type)
      this.#bubbles = !!init['bubbles']
      this.#cancelable = !!init['cancelable']
      this.#composed = !!init['composed']
    }

    get type(): string {
      return this.#type
    }
    get target(): unknown {
      return this.#target
    }
    get currentTarget(): unknown {
      return this.#isDispatched ? this.#target : null
    }
    get srcElement(): unknown {
      return this.#target
    }
    get eventPhase(): number {
      return this.#isDispatched ? 2 : 0
    }
    get bubbles(): boolean {
      return this.#bubbles
    }
    get cancelable(): boolean {
      return this.#cancelable
    }
    get composed(): boolean {
      return this.#composed
    }
    get defaultPrevented(): boolean {
      return this.#isPrevented
    }
    get returnValue(): boolean {
      return !this.#isPrevented
    }
    get cancelBubble(): boolean {
      return this.#isPropagationStopped
    }
    set cancelBubble(value: unknown) {
      if (value) this.#isPropagationStopped = true
    }
    get isTrusted(): boolean {
      return false
    }
    get timeStamp(): number {
      return this.#timeStamp
    }
    composedPath(): unknown[] {
      return this.#isDispatched ? [this.#target] : []
    }
    preventDefault(): void {
      if (this.#cancelable && !this.#isPassive) this.#isPrevented = true
    }
    stopPropagation(): void {
      this.#isPropagationStopped = true
    }
    stopImmediatePropagation(): void {
      this.#isStopped = this.#isPropagationStopped = true
    }
  }

  class CustomEvent extends Event {
    readonly #detail: unknown

    constructor(type: unknown, options: unknown = null) {
      if (arguments.length === 0) throw new p.TypeError('The "type" argument must be specified')
      super(type, options)
      this.#detail = dictionaryOf(p, options)['detail'] ?? null
    }
    get detail(): unknown {
      return this.#detail
    }
  }

  class EventTarget {
    readonly #listeners = new p.Map<string, Listener[]>()

    addEventListener(type: unknown, callback: unknown, options: unknown = null): void {
      if (arguments.length < 2) throw new p.TypeError('The "type" and "listener" arguments must be specified')
      const init = typeof options === 'boolean' ? undefined : dictionaryOf(p, options)
      const isCapture = !!(init ? init['capture'] : options)
      const signal = init?.['signal']
      if (signal !== undefined && (typeof signal !== 'object' || signal === null || !('aborted' in signal))) {
        throw new p.TypeError('The "options.signal" property must be an instance of AbortSignal.')
      }
      if (callback === null || callback === undefined) return
      if (typeof callback !== 'function' && typeof callback !== 'object') {
        throw new p.TypeError('The "listener" argument must be an instance of EventListener.')
      }
      if ((signal as { aborted?: unknown } | undefined)?.aborted) return
      const name = textOf(type)
      let list = p.mapGet(this.#listeners, name)
      if (!list) p.mapSet(this.#listeners, name, (list = []))
      if (findListener(list, callback, isCapture) !== -1) return
      p.arrayPush(list, {
        callback,
        isCapture,
        isOnce: !!init?.['once'],
        isPassive: !!init?.['passive'],
        isRemoved: false,
      })
      if (signal) {
        const remove = (): void => this.#remove(name, callback, isCapture)
        ;(signal as unknown as EventTarget).addEventListener('abort', remove, { __proto__: null, once: true })
      }
    }

    removeEventListener(type: unknown, callback: unknown, options: unknown = null): void {
      if (arguments.length < 2) throw new p.TypeError('The "type" and "listener" arguments must be specified')
      this.#remove(
        textOf(type),
        callback,
        !!(typeof options === 'boolean' ? options : dictionaryOf(p, options)['capture']),
      )
    }

    dispatchEvent(event: Event): boolean {
      // An object that only looks like an event is refused by `internals.begin`, which reads a private member.
      if (typeof event !== 'object' || event === null || !p.ReflectHas(event, 'type')) {
        throw new p.TypeError('The "event" argument must be an instance of Event.')
      }
      internals.begin(event, this)
      const type = p.ReflectApply(typeOf, event, []) as string
      // Listeners that are added or removed during the dispatch are not called.
      const listeners = p.arraySlice(p.mapGet(this.#listeners, type) ?? [])
      for (let index = 0; index < listeners.length && !internals.isStopped(event); index++) {
        const listener = listeners[index] as Listener
        if (listener.isRemoved) continue
        if (listener.isOnce) this.#remove(type, listener.callback, listener.isCapture)
        internals.setPassive(event, listener.isPassive)
        this.#call(listener.callback, event)
      }
      internals.end(event)
      return !(p.ReflectApply(preventedOf, event, []) as boolean)
    }

    /**
     * Calls one listener. An exception must not keep others from being called, so it becomes an unhandled rejection.
     */
    #call(callback: unknown, event: Event): void {
      try {
        if (typeof callback === 'function') host.watch(p.ReflectApply(callback, this, [event]))
        else {
          const { handleEvent } = callback as { handleEvent: unknown }
          if (typeof handleEvent !== 'function') throw new p.TypeError('handleEvent is not a function')
          host.watch(p.ReflectApply(handleEvent, callback, [event]))
        }
      } catch (error) {
        host.watch(p.promiseReject(error))
      }
    }

    #remove(type: string, callback: unknown, isCapture: boolean): void {
      const list = p.mapGet(this.#listeners, type)
      const index = list ? findListener(list, callback, isCapture) : -1
      if (!list || index === -1) return
      ;(list[index] as Listener).isRemoved = true
      p.arrayRemove(list, index)
    }
  }

  const getterOf = (name: string): (() => unknown) =>
    p.ReflectGetOwnPropertyDescriptor(Event.prototype, name)?.get as () => unknown
  const typeOf = getterOf('type')
  const preventedOf = getterOf('defaultPrevented')
  defineWebClass(p, Event, 'Event')
  definePhases(p, Event)
  definePhases(p, Event.prototype)
  defineWebClass(p, CustomEvent, 'CustomEvent')
  defineWebClass(p, EventTarget, 'EventTarget')
  // oxlint-disable typescript/unbound-method
  return {
    Event,
    CustomEvent,
    EventTarget,
    /** Methods for the runtime, which work whatever user code has changed in the prototype. */
    addListener: p.uncurry(EventTarget.prototype.addEventListener) as unknown as (
      target: unknown,
      type: string,
      callback: () => void,
      options?: object,
    ) => void,
    dispatch: p.uncurry(EventTarget.prototype.dispatchEvent as never) as (target: unknown, event: unknown) => boolean,
  }
  // oxlint-enable typescript/unbound-method
}

const phases = ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE']

function definePhases(p: Primordials, target: object): void {
  for (let phase = 0; phase < phases.length; phase++) {
    p.ReflectDefineProperty(target, phases[phase]!, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: phase,
      enumerable: true,
    })
  }
}

export type Events = ReturnType<typeof createEvents>

function findListener(list: readonly Listener[], callback: unknown, isCapture: boolean): number {
  for (let index = 0; index < list.length; index++) {
    const listener = list[index] as Listener
    if (listener.callback === callback && listener.isCapture === isCapture) return index
  }
  return -1
}
