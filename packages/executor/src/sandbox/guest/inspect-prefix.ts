import type { Primordials } from './primordials.ts'

/** Name of an object's constructor and its `Symbol.toStringTag`, as far as they can be read without running user code. */
export interface Naming {
  /** Name of the first constructor up the prototype chain; undefined for an object without a prototype. */
  readonly name: string | undefined
  /** Empty if there is none, or if the tag is shown as a property of the object. */
  readonly tag: string
}

export function namingOf(p: Primordials, value: object): Naming {
  return { name: constructorNameOf(p, value), tag: tagOf(p, value) }
}

export function constructorNameOf(p: Primordials, value: object): string | undefined {
  const first = p.ReflectGetPrototypeOf(value)
  if (first === null) return undefined
  let each: object | null = first
  for (let steps = 0; each !== null && steps < 100; steps++) {
    const constructor = p.ReflectGetOwnPropertyDescriptor(each, 'constructor')
    if (constructor && p.ObjectHasOwn(constructor, 'value') && typeof constructor.value === 'function') {
      const name = ownText(p, constructor.value as object, 'name')
      if (name) return name
    }
    each = p.ReflectGetPrototypeOf(each)
  }
  return 'Object'
}

/** Returns a property that is a string and no accessor. */
export function ownText(p: Primordials, value: object, key: PropertyKey): string | undefined {
  const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
  const text = descriptor && p.ObjectHasOwn(descriptor, 'value') ? (descriptor.value as unknown) : undefined
  return typeof text === 'string' ? text : undefined
}

function tagOf(p: Primordials, value: object): string {
  if (p.ArrayBufferIsView(value)) return p.typedArrayTag(value) ?? 'DataView'
  let each: object | null = value
  for (let steps = 0; each !== null && each !== p.objectPrototype && steps < 100; steps++) {
    const descriptor = p.ReflectGetOwnPropertyDescriptor(each, p.SymbolToStringTag)
    if (descriptor !== undefined) {
      if (each === value && descriptor.enumerable) return ''
      return ownText(p, each, p.SymbolToStringTag) ?? ''
    }
    each = p.ReflectGetPrototypeOf(each)
  }
  return ''
}

/** Returns the text before the contents of an object, with a space at its end. `kind` is the name of its type. */
export function prefixOf(p: Primordials, { name, tag }: Naming, kind: string, size = ''): string {
  if (name === undefined) {
    return `[${kind}${size}: null prototype] ${tag !== '' && tag !== kind ? `[${tag}] ` : ''}`
  }
  if (tag === '') return `${name}${size} `
  // `Intl.NumberFormat` is the tag of the class `NumberFormat`.
  const isTagOfName = tag === name || p.stringEndsWith(tag, `.${name}`)
  return isTagOfName ? `${tag}${size} ` : `${name}${size} [${tag}] `
}
