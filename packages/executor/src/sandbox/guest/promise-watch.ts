import type { Primordials } from './primordials.ts'

/** Maximum number of promises of the code that are watched at a time. */
const maxWatched = 1_000

/** Promise of the code that has been rejected, and that has no handler. */
interface Rejection {
  readonly reason: unknown
  /** Line of the statement that discards the promise, if it is known. */
  readonly line: number | undefined
}

/** Watch over promises that code may have discarded. */
export interface PromiseWatch {
  /** Calls a function when user code first adds a handler to a promise of the runtime. */
  onHandled(promise: object, handled: () => void): void
  /** Watches a value that code may discard, if it is a promise or a list of promises. */
  watch(value: unknown, line: number | undefined): void
  /** Returns whether a watched promise may still be rejected. */
  hasPending(): boolean
  /** Returns the rejections that have no handler, in order. */
  rejections(): readonly Rejection[]
}

/**
 * Creates the watch. V8 tells the runtime nothing about handlers. But `await`, `then` and what builds on them look up
 * the `constructor` of a promise, so that an accessor of that name, which disappears with its first use, sees them.
 */
export function createPromiseWatch(p: Primordials): PromiseWatch {
  // Watched promises that are pending, or rejected, and have no handler.
  const watched = new p.Set<{ rejection: Rejection | undefined }>()
  const known = new p.WeakSet<object>()
  let pending = 0

  function onHandled(promise: object, handled: () => void): void {
    p.ReflectDefineProperty(promise, 'constructor', {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      get(this: unknown) {
        p.ReflectDeleteProperty(promise, 'constructor')
        handled()
        return p.ReflectGet(p.promisePrototype, 'constructor', this)
      },
      enumerable: false,
      configurable: true,
    })
  }

  function watch(value: unknown, line: number | undefined): void {
    if (typeof value !== 'object' || value === null) return
    try {
      if (!p.ArrayIsArray(value)) watchPromise(value, line)
      else for (let i = 0; i < value.length && p.setSize(watched) < maxWatched; i++) watchItem(value[i], line)
    } catch {
      // A trap of a proxy has thrown.
    }
  }

  function watchItem(item: unknown, line: number | undefined): void {
    if (typeof item === 'object' && item !== null) watchPromise(item, line)
  }

  function watchPromise(promise: object, line: number | undefined): void {
    if (p.ReflectGetPrototypeOf(promise) !== p.promisePrototype || p.setSize(watched) >= maxWatched) return
    if (p.weakSetHas(known, promise) || p.ObjectHasOwn(promise, 'constructor')) return
    // `then` looks up the promise's constructor, which must not run user code.
    const isSet = p.ReflectDefineProperty(promise, 'constructor', {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: undefined,
      configurable: true,
    })
    if (!isSet) return
    const entry: { rejection: Rejection | undefined } = { rejection: undefined }
    let isPending = true
    const settled = (): void => {
      if (isPending) pending--
      isPending = false
    }
    void p.promiseThen(
      promise as Promise<unknown>,
      () => {
        settled()
        p.setDelete(watched, entry)
      },
      (reason) => {
        settled()
        entry.rejection = { reason, line }
      },
    )
    pending++
    p.weakSetAdd(known, promise)
    p.setAdd(watched, entry)
    onHandled(promise, () => {
      settled()
      p.setDelete(watched, entry)
    })
  }

  return {
    onHandled,
    watch,
    hasPending: () => pending > 0,
    rejections() {
      const list: Rejection[] = []
      p.setForEach(watched, ({ rejection }) => {
        if (rejection !== undefined) p.arrayPush(list, rejection)
      })
      return list
    },
  }
}
