import type { Primordials } from './primordials.ts'

/**
 * Returns the builtin class, including `Error`, that keeps the state of an object where JSON does not see it; undefined
 * if there is none. Most are found by their prototypes, whose tag is neither writable nor enumerable, as ECMAScript and
 * WebIDL define it. A tag of the object itself, or a getter, which classes of user code have, is ignored.
 */
export function kindOf(p: Primordials, item: object): string | undefined {
  if (p.ErrorIsError(item)) return 'Error'
  for (let each = p.ReflectGetPrototypeOf(item); each !== null; each = p.ReflectGetPrototypeOf(each)) {
    if (each === p.objectPrototype) return undefined
    if (each === p.regExpPrototype) return 'RegExp'
    if (each === p.errorPrototype) return 'Error'
    if (each === p.mapPrototype) return 'Map'
    if (each === p.setPrototype) return 'Set'
    if (each === p.promisePrototype) return 'Promise'
    if (each === p.iteratorPrototype) return 'Iterator'
    if (each === p.typedArrayPrototype) return 'TypedArray'
    if (p.ObjectHasOwn(each, 'containing') && each === p.segmentsPrototype()) return 'Segments'
    const tag = p.ReflectGetOwnPropertyDescriptor(each, p.SymbolToStringTag)
    if (tag === undefined || !isBuiltinTag(p, tag)) continue
    const name = tag.value as string
    // DOMException inherits from Error.prototype, which follows in the chain.
    if (name === 'DOMException') continue
    if (p.stringEndsWith(name, 'Iterator') || p.stringEndsWith(name, 'Iterator Helper')) return 'Iterator'
    return name === 'Symbol' ? 'symbol' : name
  }
  return undefined
}

function isBuiltinTag(p: Primordials, tag: PropertyDescriptor): boolean {
  if (!p.ObjectHasOwn(tag, 'value') || typeof tag.value !== 'string') return false
  return tag.writable === false && tag.enumerable === false && tag.configurable === true
}

/** Returns whether a value is an error, of any class, and not an array or a plain object by its prototype. */
export function isError(p: Primordials, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || p.ArrayIsArray(value)) return false
  return p.ReflectGetPrototypeOf(value) !== p.objectPrototype && kindOf(p, value) === 'Error'
}
