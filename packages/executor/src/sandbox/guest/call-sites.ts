import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

/** Frame of a stack as V8 gives it to `Error.prepareStackTrace`. */
export interface CallSite {
  getFunctionName(): string | null
  getLineNumber(): number | null
  getColumnNumber(): number | null
  getScriptNameOrSourceURL(): string | null
  isAsync(): boolean
  isConstructor(): boolean
  toString(): string
}

export type PrepareStackTrace = (error: unknown, sites: readonly CallSite[]) => unknown

/** Functions that know the code of the execution. */
interface CallSiteHost {
  /** Returns the text of a frame; undefined for a frame of the runtime. */
  describe(site: CallSite, caller: CallSite | undefined): string | undefined
  /** Returns the place in the code as it was sent; undefined if the frame is not in the code. */
  placeOf(site: CallSite, line: number, column: number): { readonly line: number; readonly column: number } | undefined
}

interface Shown {
  readonly site: CallSite
  readonly text: string
}

export interface CallSites {
  /** Returns a function that calls one of the code with the frames of the code only, at the places of the code. */
  wrap(prepare: PrepareStackTrace): PrepareStackTrace
  /** Returns the text of a frame that was given to the code; undefined for another object. */
  textOf(site: object): string | undefined
}

/** Methods of which each returns a line or a column, and the method for the other one. */
const isLine = { __proto__: null, getLineNumber: true, getEnclosingLineNumber: true } as unknown as Record<string, true>
const isColumn = { __proto__: null, getColumnNumber: true, getEnclosingColumnNumber: true } as unknown as typeof isLine

/** Creates the call sites that the code's own `Error.prepareStackTrace` gets. */
export function createCallSites(p: Primordials, { describe, placeOf }: CallSiteHost): CallSites {
  const shown = new p.WeakMap<object, Shown>()
  /** Made from the methods of the first call site. */
  let prototype: object | undefined

  function prototypeOf(site: CallSite): object {
    const native = p.ReflectGetPrototypeOf(site)!
    const made = p.ObjectCreate(p.objectPrototype)
    const names = p.ReflectOwnKeys(native)
    const call = (name: string, self: CallSite): unknown =>
      p.ReflectApply(p.ReflectGet(native, name) as () => unknown, self, [])
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      if (typeof name !== 'string' || name === 'constructor') continue
      const { method } = {
        method(this: object): unknown {
          const { site: self, text } = p.weakMapGet(shown, this) ?? notASite(name)
          if (name === 'toString') return text
          const value = call(name, self)
          // V8 gives this name to functions without one, because the code is compiled like that of eval.
          if (name === 'getFunctionName' && value === 'eval') return null
          if (isLine[name] !== true && isColumn[name] !== true) return value
          const isEnclosing = name === 'getEnclosingLineNumber' || name === 'getEnclosingColumnNumber'
          const line = call(isEnclosing ? 'getEnclosingLineNumber' : 'getLineNumber', self)
          const column = call(isEnclosing ? 'getEnclosingColumnNumber' : 'getColumnNumber', self)
          const place = placeOf(self, line as number, column as number)
          if (place === undefined) return value
          return isLine[name] === true ? place.line : place.column
        },
      }
      p.ReflectDefineProperty(method, 'name', {
        // @ts-expect-error the prototype of a literal is not part of its type
        __proto__: null,
        value: name,
        configurable: true,
      })
      defineHidden(p, made, name, method)
    }
    return made
  }

  function notASite(name: string): never {
    throw new p.TypeError(`CallSite method ${name} expects CallSite as receiver`)
  }

  return {
    wrap(prepare) {
      return function (this: unknown, error, sites) {
        const given: CallSite[] = []
        for (let i = 0; i < sites.length; i++) {
          const site = sites[i]!
          const text = describe(site, i + 1 < sites.length ? sites[i + 1] : undefined)
          if (text === undefined) continue
          const copy = p.ObjectCreate((prototype ??= prototypeOf(site)))
          p.weakMapSet(shown, copy, { site, text })
          p.arrayPush(given, copy as CallSite)
        }
        return p.ReflectApply(prepare, this, [error, given])
      }
    },
    textOf: (site) => p.weakMapGet(shown, site)?.text,
  }
}
