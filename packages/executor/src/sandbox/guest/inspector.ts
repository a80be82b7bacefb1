import { brandOf } from './brand.ts'
import { baseOf, constructorNameOf, hexOf, showBase } from './inspect-base.ts'
import { joinEntries } from './inspect-layout.ts'
import { isIndex, showKey, showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'

const maxItems = 100

/** Returns a function that shows a value. Once about `maxLength` characters are gathered, it goes no deeper. */
export function createInspector(p: Primordials, maxDepth: number, maxLength: number): (value: unknown) => string {
  const ancestors: object[] = []
  let gathered = 0
  /** Depth of the object shown last, which is the innermost one when its parents are put together. */
  let lastDepth = 0

  return (value) => show(value, 0)

  function show(value: unknown, depth: number): string {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
    const text = isObject ? showGuarded(value, depth) : showPrimitive(p, value)
    // An object has already counted its own parts.
    if (!isObject) gathered += text.length
    return text
  }

  /** Shows an object, or a placeholder if it is circular or can't be inspected: a proxy can throw at any step. */
  function showGuarded(value: object, depth: number): string {
    if (p.arrayIncludes(ancestors, value)) return '[Circular]'
    p.arrayPush(ancestors, value)
    try {
      return showObject(value, depth)
    } catch {
      return '[Object: could not be inspected]'
    } finally {
      p.arrayPop(ancestors)
    }
  }

  function showObject(value: object, depth: number): string {
    const brand = typeof value === 'function' ? 'Function' : brandOf(p, value)
    const name = constructorNameOf(p, value)
    const entries: string[] = []
    let prefix = name === 'Object' ? '' : `${name ?? '[Object: null prototype]'} `
    let open = '{'
    let close = '}'
    let isList = false
    const base = baseOf(p, value, brand, name)
    const sized = (size: number, plainName?: string): string =>
      name === plainName ? '' : `${name ?? `[${brand}: null prototype]`}(${size}) `

    gathered += base.length
    if (!isEmpty(value, brand)) {
      if (depth > maxDepth || gathered > maxLength) {
        // An error may have any number of causes, which are left out here.
        if (base !== '') return showBase(p, base, brand)
        return brand === 'Array' ? '[Array]' : `[${name ?? 'Object: null prototype'}]`
      }
      lastDepth = depth
    }
    if (brand === 'Array' || brand === 'TypedArray') {
      const length = brand === 'Array' ? (value as unknown[]).length : p.typedArrayLength(value as Uint8Array)
      prefix = sized(length, brand === 'Array' ? 'Array' : '')
      open = '['
      close = ']'
      isList = true
      showItems(value as unknown[], length, depth, entries)
    } else if (brand === 'Map') {
      const map = value as Map<unknown, unknown>
      prefix = sized(p.mapSize(map))
      p.mapForEach(map, (item, key) => {
        if (canAdd(entries)) p.arrayPush(entries, `${show(key, depth + 1)} => ${show(item, depth + 1)}`)
      })
      addRest(entries, p.mapSize(map))
    } else if (brand === 'Set') {
      const set = value as Set<unknown>
      prefix = sized(p.setSize(set))
      p.setForEach(set, (item) => {
        if (canAdd(entries)) p.arrayPush(entries, show(item, depth + 1))
      })
      addRest(entries, p.setSize(set))
    } else if (brand === 'ArrayBuffer') {
      const size = p.arrayBufferByteLength(value as ArrayBuffer)
      p.arrayPush(entries, `[Uint8Contents]: ${hexOf(p, value as ArrayBuffer)}`)
      p.arrayPush(entries, `[byteLength]: ${size}`)
    } else if (brand === 'DataView') {
      p.arrayPush(entries, `[byteLength]: ${p.dataViewByteLength(value as DataView)}`)
      p.arrayPush(entries, `[byteOffset]: ${p.dataViewByteOffset(value as DataView)}`)
      p.arrayPush(entries, `[buffer]: ${show(p.dataViewBuffer(value as DataView), depth + 1)}`)
    }
    const hasManyIndices = isList && (brand === 'TypedArray' || (value as unknown[]).length > maxItems)
    if (!hasManyIndices && brand !== 'String') showProperties(value, depth, entries, brand)

    if (base !== '') {
      if (entries.length === 0) return showBase(p, base, brand)
      prefix = `${base} `
    }
    if (entries.length === 0) return `${prefix}${open}${close}`
    return joinEntries(p, entries, {
      open: prefix + open,
      close,
      isList,
      isFlat: lastDepth - depth < 3,
      indent: depth * 2,
    })
  }

  function isEmpty(value: object, brand: string | undefined): boolean {
    if (brand === 'Array') return (value as unknown[]).length === 0
    return brand === undefined && p.ReflectOwnKeys(value).length === 0
  }

  function canAdd(entries: readonly string[]): boolean {
    return entries.length < maxItems && gathered <= maxLength
  }

  function addRest(entries: string[], total: number): void {
    const rest = total - entries.length
    if (rest > 0) p.arrayPush(entries, `... ${rest} more item${rest > 1 ? 's' : ''}`)
  }

  function showItems(list: ArrayLike<unknown>, length: number, depth: number, entries: string[]): void {
    let index = 0
    while (index < length && canAdd(entries)) {
      const start = index
      while (index < length && index - start < 10_000 && !p.ObjectHasOwn(list, index)) index++
      const holes = index - start
      if (holes > 0) p.arrayPush(entries, `<${holes} empty item${holes > 1 ? 's' : ''}>`)
      else p.arrayPush(entries, showProperty(list, index++, depth))
    }
    if (index < length) p.arrayPush(entries, `... ${length - index} more item${length - index > 1 ? 's' : ''}`)
  }

  function showProperties(value: object, depth: number, entries: string[], brand: string | undefined): void {
    const keys = p.ReflectOwnKeys(value)
    const isArray = brand === 'Array'
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string | symbol
      if (isArray && typeof key === 'string' && isIndex(p, key)) continue
      const isHiddenDetail = brand === 'Error' && (key === 'cause' || key === 'errors')
      const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
      if (!descriptor || (!descriptor.enumerable && !isHiddenDetail)) continue
      if (gathered > maxLength) {
        p.arrayPush(entries, '...')
        return
      }
      const name = isHiddenDetail && !descriptor.enumerable ? `[${key as string}]` : showKey(p, key)
      gathered += name.length
      p.arrayPush(entries, `${name}: ${showProperty(value, key, depth)}`)
    }
  }

  function showProperty(value: object, key: PropertyKey, depth: number): string {
    const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
    if (!descriptor) return 'undefined'
    if (p.ObjectHasOwn(descriptor, 'value')) return show(descriptor.value, depth + 1)
    if (descriptor.get) return descriptor.set ? '[Getter/Setter]' : '[Getter]'
    return '[Setter]'
  }
}
