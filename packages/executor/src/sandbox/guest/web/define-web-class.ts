import type { Primordials } from '../primordials.ts'

/** Gives a class what WebIDL requires of every interface: enumerable members and a `Symbol.toStringTag`. */
export function defineWebClass(p: Primordials, webClass: { readonly prototype: object }, name: string): void {
  const { prototype } = webClass
  makeEnumerable(p, prototype, ['constructor'])
  makeEnumerable(p, webClass, ['prototype', 'name', 'length'])
  p.ReflectDefineProperty(prototype, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: name,
    configurable: true,
  })
}

function makeEnumerable(p: Primordials, target: object, except: readonly string[]): void {
  const keys = p.ReflectOwnKeys(target)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as PropertyKey
    if (typeof key !== 'string' || p.arrayIncludes(except, key)) continue
    p.ReflectDefineProperty(target, key, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      enumerable: true,
    })
  }
}
