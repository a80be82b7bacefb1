import type { RunnableStep, StepName } from '../guest-boundary.ts'
import type { Primordials } from './primordials.ts'

/** Accessor that stands for a variable until the step that declares it has assigned it. */
interface Awaited {
  readonly get: () => unknown
  /** Property of that name before the step; undefined if there was none. */
  readonly before: PropertyDescriptor | undefined
}

/** Variables of a session: data properties of the global object. */
export interface SessionVariables {
  /** Declares the variables of a step. Returns the name of one that the global object can't take, if there is one. */
  declare(step: RunnableStep): string | undefined
  /** Object through which code assigns constants. */
  readonly constants: object
  /** Sets a variable to a function, and gives the function that name. */
  readonly setFunction: (name: string, value: object) => void
  /**
   * Ends the declarations of a step: what was not assigned does not exist, and constants can't be changed. Returns the names
   * of the variables that do not exist, as JSON text.
   */
  finish(): string
}

export function createSessionVariables(p: Primordials): SessionVariables {
  const global: object = p.globalThis
  const names = new p.Set<string>()
  const awaited = new p.Map<string, Awaited>()
  /** Constants that the current step declares. */
  const declared = new p.Set<string>()

  function define(name: string, value: unknown, writable = true): boolean {
    return p.ReflectDefineProperty(global, name, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value,
      writable,
      enumerable: true,
      configurable: true,
    })
  }

  function own(name: string): PropertyDescriptor | undefined {
    const found = p.ReflectGetOwnPropertyDescriptor(global, name)
    // The fields that a descriptor lacks must not be found in `Object.prototype`.
    if (found !== undefined) p.ReflectSetPrototypeOf(found, null)
    return found
  }

  function declareOne({ name, kind }: StepName): boolean {
    const found = own(name)
    if (kind === 'const') p.setAdd(declared, name)
    if (kind === 'var' && found === undefined) return define(name, undefined)
    if (found !== undefined && isAccessor(found)) {
      if (found.configurable !== true) return false
      return kind === 'function' || awaitValue(name, kind, found)
    }
    if (found === undefined) return kind === 'function' || awaitValue(name, kind, undefined)
    return found.writable === true || (found.configurable === true && define(name, found.value))
  }

  /** Defines the accessor that becomes a data property by the first assignment. */
  function awaitValue(name: string, kind: StepName['kind'], before: PropertyDescriptor | undefined): boolean {
    const accessor = {
      __proto__: null,
      get(): unknown {
        if (before === undefined) throw new p.ReferenceError(`Cannot access '${name}' before initialization`)
        return before.get === undefined ? undefined : (p.ReflectApply(before.get, global, []) as unknown)
      },
      set(value: unknown) {
        p.mapDelete(awaited, name)
        define(name, value, kind !== 'const')
      },
      enumerable: true,
      configurable: true,
    }
    if (!p.ReflectDefineProperty(global, name, accessor)) return false
    p.mapSet(awaited, name, { get: accessor.get, before })
    return true
  }

  const constants = new p.Proxy(p.ObjectCreate(null), {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    get(_target: object, name: string | symbol): unknown {
      if (!p.ReflectHas(global, name)) throw new p.ReferenceError(`${p.String(name)} is not defined`)
      return p.ReflectGet(global, name)
    },
    set(_target: object, name: string, value: unknown): boolean {
      const found = own(name)
      if (p.mapGet(awaited, name)?.before === undefined && p.mapHas(awaited, name)) {
        throw new p.ReferenceError(`Cannot access '${name}' before initialization`)
      }
      if (p.setHas(declared, name) || (found !== undefined && !isAccessor(found) && found.writable === false)) {
        throw new p.TypeError('Assignment to constant variable.')
      }
      return p.ReflectSet(global, name, value)
    },
  })

  return {
    constants,
    declare({ declares, result }) {
      for (let i = 0; i < declares.length; i++) {
        p.setAdd(names, declares[i]!.name)
        if (!declareOne(declares[i]!)) return declares[i]!.name
      }
      if (result !== undefined && (result === 'fresh' || own('result') === undefined)) define('result', undefined)
      return undefined
    },
    setFunction(name, value) {
      p.ReflectDefineProperty(value, 'name', {
        // @ts-expect-error the prototype of a literal is not part of its type
        __proto__: null,
        value: name,
        configurable: true,
      })
      const found = own(name)
      if (found !== undefined && !isAccessor(found) && found.writable === true) p.ReflectSet(global, name, value)
      else define(name, value)
    },
    finish() {
      p.mapForEach(awaited, ({ get, before }, name) => {
        if (own(name)?.get !== get) return
        if (before === undefined) p.ReflectDeleteProperty(global, name)
        else p.ReflectDefineProperty(global, name, before)
      })
      p.mapClear(awaited)
      p.setForEach(declared, (name) => {
        const found = own(name)
        if (found === undefined || isAccessor(found) || found.writable !== true) return
        p.ReflectDefineProperty(global, name, { __proto__: null, writable: false } as PropertyDescriptor)
      })
      p.setForEach(declared, (name) => void p.setDelete(declared, name))
      return absent()
    },
  }

  function absent(): string {
    const list: string[] = []
    p.setForEach(names, (name) => {
      if (!p.ObjectHasOwn(global, name)) p.arrayPush(list, name)
    })
    // `JSON.stringify` looks up `toJSON` in every object.
    p.ReflectSetPrototypeOf(list, null)
    return p.JSONStringify(list)!
  }
}

/** Returns whether a descriptor without a prototype is that of an accessor. */
function isAccessor(found: PropertyDescriptor): boolean {
  return found.get !== undefined || found.set !== undefined || !('value' in found)
}
