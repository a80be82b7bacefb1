import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

/** Maximum depth of causes. The client describes none that are deeper; hostile answers may have them. */
const maxDepth = 6
/** Maximum number of inner errors of one error. */
const maxErrors = 65

/** Adds the `cause` and the `errors` of a tool's failure to an error, as errors of the guest. */
export function addCauses(p: Primordials, error: object, failure: object, depth = 0): void {
  const cause = own(p, failure, 'cause')
  const errors = own(p, failure, 'errors')
  if (depth === maxDepth) return
  if (typeof cause === 'object' && cause !== null) defineHidden(p, error, 'cause', errorOf(p, cause, depth + 1))
  if (!p.ArrayIsArray(errors)) return
  const inner: object[] = []
  for (let i = 0; i < errors.length && i < maxErrors; i++) {
    const each: unknown = errors[i]
    if (typeof each === 'object' && each !== null) p.arrayPush(inner, errorOf(p, each, depth + 1))
  }
  defineHidden(p, error, 'errors', inner)
}

/** Returns an error without stack frames, because the guest must not see those of the host. */
function errorOf(p: Primordials, described: object, depth: number): object {
  const name = own(p, described, 'name')
  const message = own(p, described, 'message')
  const code = own(p, described, 'code')
  const shownName = typeof name === 'string' ? name : 'Error'
  const shownMessage = typeof message === 'string' ? message : ''
  const error = new p.Error(shownMessage)
  defineHidden(p, error, 'name', shownName)
  defineHidden(p, error, 'stack', shownMessage === '' ? shownName : `${shownName}: ${shownMessage}`)
  if (typeof code === 'string') {
    p.ReflectDefineProperty(error, 'code', {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: code,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  addCauses(p, error, described, depth)
  return error
}

/** Returns an own property. A missing one is not looked up in `Object.prototype`. */
function own(p: Primordials, object: object, key: string): unknown {
  return p.ObjectHasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined
}
