import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

/** State of a promise when it was looked at. */
export type PromiseState =
  | { readonly state: 'pending' }
  | { readonly state: 'fulfilled' | 'rejected'; readonly value: unknown }

/**
 * Calls `use` in a later microtask with the states that promises have now; undefined for an object that is no promise.
 * Code can't read the state of a promise, but the callbacks of a promise that has settled run before any callback that is
 * added after them. The promises count as handled from now on.
 */
export function readPromiseStates(
  p: Primordials,
  promises: readonly object[],
  use: (states: readonly (PromiseState | undefined)[]) => void,
): void {
  const states: (PromiseState | undefined)[] = []
  for (let i = 0; i < promises.length; i++) {
    p.arrayPush(states, { state: 'pending' })
    const settle = (state: 'fulfilled' | 'rejected') => (value: unknown) => {
      states[i] = { state, value }
    }
    if (!addCallbacks(p, promises[i] as Promise<unknown>, settle('fulfilled'), settle('rejected')))
      states[i] = undefined
  }
  const now = p.promiseResolve(undefined)
  if (!addCallbacks(p, now, () => use(states))) use(states)
}

/**
 * Calls `then` without the constructor of the promise, which user code may have replaced. Returns false if the object is
 * no promise, or one that can't be changed.
 */
function addCallbacks(
  p: Primordials,
  promise: Promise<unknown>,
  fulfilled: (value: unknown) => void,
  rejected?: (reason: unknown) => void,
): boolean {
  try {
    const own = p.ReflectGetOwnPropertyDescriptor(promise, 'constructor')
    if (own === undefined ? !p.ReflectIsExtensible(promise) : !own.configurable) return false
    defineHidden(p, promise, 'constructor', undefined)
    try {
      void p.promiseThen(promise, fulfilled, rejected)
    } finally {
      p.ReflectDeleteProperty(promise, 'constructor')
      if (own !== undefined) {
        p.ReflectSetPrototypeOf(own, null)
        p.ReflectDefineProperty(promise, 'constructor', own)
      }
    }
    return true
  } catch {
    return false
  }
}
