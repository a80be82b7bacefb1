import type { Primordials } from './primordials.ts'

/** Maximum number of promises of the code that are watched at a time. */
const maxWatched = 1_000

/** Promise of the code that is pending, or rejected, and has no handler. */
interface Watched {
  isRejected: boolean
  reason: unknown
}

/** Watch over promises that code may have discarded. */
export interface PromiseWatch {
  /** Calls a function when user code first adds a handler to a promise of the runtime. */
  onHandled(promise: object, handled: () => void): void
  /** Watches a value that code may discard, if it is a promise or a list of promises. */
  watch(value: unknown): void
  /** Returns whether a watched promise may still be rejected. */
  hasPending(): boolean
  /** Returns the reasons of the rejections that have no handler, in order. */
  rejections(): readonly unknown[]
  /** Forgets the promises that are watched now. */
  forget(): void
}

/**
 * Creates the watch. V8 tells the runtime nothing about handlers. But `await`, `then` and what builds on them look up
 * the `constructor` of a promise, so that an accessor of that name, which disappears with its first use, sees them.
 * `onChange` is called when a promise is rejected without a handler, and when such a promise gets one.
 */
export function createPromiseWatch(p: Primordials, onChange: () => void): PromiseWatch {
  const known = new p.WeakSet<object>()
  let watched = new p.Set<Watched>()
  let pending = 0

  function onHandled(promise: object, handled: () => void): void {
    p.ReflectDefineProperty(promise, 'constructor', {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      get(this: unknown) {
        // First, because it throws if the code has used up its stack, and the code may then try again.
        handled()
        const isDeleted = p.ReflectDeleteProperty(promise, 'constructor')
        return p.ReflectGet(isDeleted ? promise : p.promisePrototype, 'constructor', this)
      },
      set(this: object, value: unknown) {
        handled()
        p.ReflectDeleteProperty(promise, 'constructor')
        p.ReflectSet(this, 'constructor', value)
      },
      enumerable: false,
      configurable: true,
    })
  }

  function watch(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    try {
      if (!p.ArrayIsArray(value)) watchItem(value)
      // A list is one of promises if its first item is one.
      else if (isPromise(value[0])) for (let i = 0; i < value.length && i < maxWatched; i++) watchItem(value[i])
    } catch {
      // A trap of a proxy has thrown.
    }
  }

  function watchItem(item: unknown): void {
    if (isPromise(item)) watchPromise(item)
  }

  function isPromise(value: unknown): value is object {
    return typeof value === 'object' && value !== null && p.ReflectGetPrototypeOf(value) === p.promisePrototype
  }

  function watchPromise(promise: object): void {
    if (p.setSize(watched) >= maxWatched) return
    if (p.weakSetHas(known, promise) || p.ObjectHasOwn(promise, 'constructor')) return
    // `then` looks up the promise's constructor, which must not run user code.
    const isSet = p.ReflectDefineProperty(promise, 'constructor', {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: undefined,
      configurable: true,
    })
    if (!isSet) return
    const entry: Watched = { isRejected: false, reason: undefined }
    const list = watched
    let isPending = true
    const settled = (): void => {
      if (isPending && list === watched) pending--
      isPending = false
    }
    void p.promiseThen(
      promise as Promise<unknown>,
      () => {
        settled()
        p.setDelete(list, entry)
      },
      (reason) => {
        settled()
        entry.isRejected = true
        entry.reason = reason
        if (list === watched && p.setHas(list, entry)) onChange()
      },
    )
    pending++
    p.weakSetAdd(known, promise)
    p.setAdd(watched, entry)
    onHandled(promise, () => {
      settled()
      p.setDelete(list, entry)
      if (list === watched && entry.isRejected) onChange()
    })
  }

  return {
    onHandled,
    watch,
    hasPending: () => pending > 0,
    rejections() {
      const list: unknown[] = []
      p.setForEach(watched, ({ isRejected, reason }) => {
        if (isRejected) p.arrayPush(list, reason)
      })
      return list
    },
    forget() {
      watched = new p.Set()
      pending = 0
    },
  }
}
