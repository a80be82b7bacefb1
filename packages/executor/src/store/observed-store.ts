import { RequestError } from '@codemode/shared'

import { LeaseLost, type ExecutionStore, type Lease } from './execution-store.ts'
import type { SessionStore } from './session-store.ts'
import type { StoreObserver } from './store-observer.ts'

type CallObserver = Pick<StoreObserver, 'storeCallEnded'>
type Method = (...args: unknown[]) => unknown

/** Returns a store that reports the duration and the outcome of each call to an observer, also of those under its leases. */
export function observedStore(store: ExecutionStore, observer: CallObserver): ExecutionStore {
  const sessions: SessionStore = observed(store.sessions, 'sessions.', observer)
  return new Proxy(observed(store, '', observer), {
    get(target, name) {
      if (name === 'sessions') return sessions
      if (name !== 'work') return Reflect.get(target, name, target)
      return ((worker) =>
        store.work({
          node: worker.node,
          places: () => worker.places(),
          run: (lease) => worker.run(observed<Lease>(lease, 'lease.', observer)),
        })) satisfies ExecutionStore['work']
    },
  })
}

/** Returns an object whose methods report those of their calls that return a promise. */
function observed<Target extends object>(target: Target, prefix: string, observer: CallObserver): Target {
  const methods = new Map<string | symbol, Method>()
  return new Proxy(target, {
    get(_, name) {
      const known = methods.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (typeof name === 'symbol') return value.bind(target) as unknown
      const method = reporting(value.bind(target) as Method, `${prefix}${name}`, observer)
      methods.set(name, method)
      return method
    },
  })
}

function reporting(method: Method, operation: string, observer: CallObserver): Method {
  return (...args) => {
    const startedAt = performance.now()
    const returned = method(...args)
    if (!(returned instanceof Promise)) return returned
    const ended = (isFailed: boolean): void =>
      observer.storeCallEnded({ operation, durationMs: performance.now() - startedAt, isFailed })
    returned.then(
      () => ended(false),
      (error: unknown) => ended(isFailure(error)),
    )
    return returned
  }
}

/** Returns whether the store has failed. A lost lease, and a value of the caller that is not valid, are no failures of it. */
function isFailure(error: unknown): boolean {
  if (error instanceof RequestError) return error.code === 'STORE_UNAVAILABLE'
  return !(error instanceof LeaseLost)
}
