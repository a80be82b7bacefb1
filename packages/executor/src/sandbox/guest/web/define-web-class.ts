import type { Primordials } from '../primordials.ts'

/** Gives a class what WebIDL requires of every interface: enumerable members and a `Symbol.toStringTag`. */
export function defineWebClass(p: Primordials, webClass: { readonly prototype: object }, name: string): void {
  const { prototype } = webClass
  makeEnumerable(p, prototype)
  makeEnumerable(p, webClass)
  p.ReflectDefineProperty(prototype, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: name,
    configurable: true,
  })
}

function makeEnumerable(p: Primordials, target: object): void {
  const keys = p.ReflectOwnKeys(target)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as PropertyKey
    if (typeof key !== 'string' || key === 'constructor' || key === 'prototype' || key === 'name' || key === 'length')
      continue
    p.ReflectDefineProperty(target, key, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      enumerable: true,
    })
  }
}
