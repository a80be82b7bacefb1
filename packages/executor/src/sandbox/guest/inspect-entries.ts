import type { Brand } from './brand.ts'
import type { Contents } from './contents.ts'
import { hexOf } from './inspect-base.ts'
import { isDescribed } from './inspect-error.ts'
import { isIndex, showKey } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'

interface Budget {
  /** Number of characters that the inspector has gathered. */
  gathered: number
  /** Number of characters after which it goes no deeper. */
  readonly maxLength: number
  readonly maxItems: number
}

/** Creates the functions that append the contents and the properties of an object to a list of texts. */
export function createEntryWriter(p: Primordials, budget: Budget, show: (value: unknown, depth: number) => string) {
  return { items, list, map, set, buffer, contents, properties }

  function canAdd(entries: readonly string[]): boolean {
    return entries.length < budget.maxItems && budget.gathered <= budget.maxLength
  }

  function addRest(entries: string[], total: number): void {
    const rest = total - entries.length
    if (rest > 0) p.arrayPush(entries, `... ${rest} more item${rest > 1 ? 's' : ''}`)
  }

  /** Appends the items of an array or a typed array, which may have holes. */
  function items(from: ArrayLike<unknown>, length: number, depth: number, entries: string[]): void {
    let index = 0
    while (index < length && canAdd(entries)) {
      const start = index
      while (index < length && index - start < 10_000 && !p.ObjectHasOwn(from, index)) index++
      const holes = index - start
      if (holes > 0) p.arrayPush(entries, `<${holes} empty item${holes > 1 ? 's' : ''}>`)
      else p.arrayPush(entries, property(from, index++, depth))
    }
    if (index < length) p.arrayPush(entries, `... ${length - index} more item${length - index > 1 ? 's' : ''}`)
  }

  function list(from: readonly unknown[], depth: number, entries: string[]): void {
    for (let index = 0; index < from.length && canAdd(entries); index++) {
      p.arrayPush(entries, show(from[index], depth + 1))
    }
    addRest(entries, from.length)
  }

  function map(from: Map<unknown, unknown>, depth: number, entries: string[]): void {
    p.mapForEach(from, (item, key) => {
      if (canAdd(entries)) p.arrayPush(entries, `${show(key, depth + 1)} => ${show(item, depth + 1)}`)
    })
    addRest(entries, p.mapSize(from))
  }

  function set(from: Set<unknown>, depth: number, entries: string[]): void {
    p.setForEach(from, (item) => {
      if (canAdd(entries)) p.arrayPush(entries, show(item, depth + 1))
    })
    addRest(entries, p.setSize(from))
  }

  function buffer(from: object, depth: number, entries: string[]): void {
    if (p.ArrayBufferIsView(from)) {
      p.arrayPush(entries, `[byteLength]: ${p.dataViewByteLength(from as DataView)}`)
      p.arrayPush(entries, `[byteOffset]: ${p.dataViewByteOffset(from as DataView)}`)
      p.arrayPush(entries, `[buffer]: ${show(p.dataViewBuffer(from as DataView), depth + 1)}`)
      return
    }
    const isDetached = p.arrayBufferDetached(from as ArrayBuffer)
    p.arrayPush(entries, isDetached ? '(detached)' : `[Uint8Contents]: ${hexOf(p, from as ArrayBuffer)}`)
    p.arrayPush(entries, `[byteLength]: ${p.arrayBufferByteLength(from as ArrayBuffer)}`)
  }

  function contents(from: Contents, depth: number, entries: string[]): void {
    if (from.kind === 'text') return
    if (from.kind === 'items') {
      list(from.list, depth, entries)
      return
    }
    for (let index = 0; index < from.list.length && canAdd(entries); index += 2) {
      const key = from.list[index]
      const text = from.kind === 'fields' ? `${key as string}:` : `${show(key, depth + 1)} =>`
      p.arrayPush(entries, `${text} ${show(from.list[index + 1], depth + 1)}`)
    }
    addRest(entries, from.list.length / 2)
  }

  /** Appends the enumerable properties, except the indices of an array, and the hidden details of an error. */
  function properties(
    value: object,
    depth: number,
    entries: string[],
    { brand, base }: { readonly brand: Brand | 'Function' | undefined; readonly base: string },
  ): void {
    const keys = p.ReflectOwnKeys(value)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string | symbol
      if (brand === 'Array' && typeof key === 'string' && isIndex(p, key)) continue
      const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
      if (!descriptor) continue
      if (brand === 'Error' && typeof key === 'string' && isDescribed(p, key, descriptor.value, base)) continue
      const isHiddenDetail =
        brand === 'Error' && (key === 'cause' || (key === 'errors' && p.ArrayIsArray(descriptor.value)))
      if (!descriptor.enumerable && !isHiddenDetail) continue
      if (budget.gathered > budget.maxLength) {
        p.arrayPush(entries, '...')
        return
      }
      const name = descriptor.enumerable ? showKey(p, key) : `[${key as string}]`
      budget.gathered += name.length
      p.arrayPush(entries, `${name}: ${property(value, key, depth)}`)
    }
  }

  function property(value: object, key: PropertyKey, depth: number): string {
    const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
    if (!descriptor) return 'undefined'
    if (p.ObjectHasOwn(descriptor, 'value')) return show(descriptor.value, depth + 1)
    if (descriptor.get) return descriptor.set ? '[Getter/Setter]' : '[Getter]'
    return '[Setter]'
  }
}
