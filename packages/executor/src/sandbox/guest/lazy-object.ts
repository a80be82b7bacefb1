import type { Primordials } from './primordials.ts'

type Operation = (...args: never[]) => unknown

/**
 * Creates an object that is filled at the first access. Code can notice the delay only by the effects of `fill`.
 */
export function createLazyObject(p: Primordials, fill: (object: object) => void): object {
  let isFilled = false
  const afterFilling =
    (operation: Operation) =>
    (...args: unknown[]): never => {
      if (!isFilled) fill(args[0] as object)
      isFilled = true
      return p.ReflectApply(operation, undefined, args) as never
    }
  return new p.Proxy(
    {},
    {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      get: afterFilling(p.ReflectGet),
      set: afterFilling(p.ReflectSet),
      has: afterFilling(p.ReflectHas),
      ownKeys: afterFilling(p.ReflectOwnKeys),
      getOwnPropertyDescriptor: afterFilling(p.ReflectGetOwnPropertyDescriptor),
      defineProperty: afterFilling(p.ReflectDefineProperty),
      deleteProperty: afterFilling(p.ReflectDeleteProperty),
      preventExtensions: afterFilling(p.ReflectPreventExtensions),
    },
  )
}
