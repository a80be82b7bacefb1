import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

/** As deep as the client describes them; hostile answers may go deeper. */
const maxDepth = 6
const maxErrors = 65

/** Gives an error the `cause` and the `errors` of a tool's failure, as errors of the guest's. */
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

/** An error without frames: those of the host are not the guest's to see. */
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

/** What is missing is not looked for in `Object.prototype`. */
function own(p: Primordials, object: object, key: string): unknown {
  return p.ObjectHasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined
}
