import type { Primordials } from './primordials.ts'

/** Defines a global with the attributes of the language's own globals: writable, configurable, not enumerable. */
export function defineGlobal(p: Primordials, name: string, value: unknown): void {
  defineHidden(p, p.globalThis, name, value)
}

/** Defines a property that is writable and configurable, but not enumerable. */
export function defineHidden(p: Primordials, target: object, name: PropertyKey, value: unknown): void {
  p.ReflectDefineProperty(target, name, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  })
}

/**
 * Defines a global whose value is made at the first access, because most programs don't need it. Until then it is an
 * accessor.
 */
export function defineLazyGlobal(p: Primordials, name: string, make: () => unknown): void {
  p.ReflectDefineProperty(p.globalThis, name, {
    get() {
      const value = make()
      defineGlobal(p, name, value)
      return value
    },
    set(value: unknown) {
      defineGlobal(p, name, value)
    },
    enumerable: false,
    configurable: true,
  })
}
