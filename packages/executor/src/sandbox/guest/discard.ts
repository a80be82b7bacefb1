import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'

type Discard = (value: unknown, isCallback?: boolean) => unknown

/**
 * Creates the function to which code passes what it may discard; `child/source/discarded-promises.ts` inserts the calls.
 * It watches a promise and returns it. For a callback that is an async function, it returns another function, which
 * watches what the callback returns.
 */
export function createDiscard(p: Primordials, { watch }: PromiseWatch): Discard {
  return (value, isCallback) => {
    if (isCallback !== true) watch(value)
    else if (isAsyncFunction(p, value)) {
      return function (this: unknown, ...args: unknown[]): unknown {
        const returned: unknown = p.ReflectApply(value, this, args)
        watch(returned)
        return returned
      }
    }
    return value
  }
}

function isAsyncFunction(p: Primordials, value: unknown): value is () => unknown {
  try {
    return typeof value === 'function' && p.ReflectGetPrototypeOf(value) === p.AsyncFunction.prototype
  } catch {
    return false
  }
}
