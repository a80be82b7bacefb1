import { brandOf, type Brand } from './brand.ts'
import type { Contents, ContentsOf } from './contents.ts'
import { baseOf } from './inspect-base.ts'
import type { GroupEntries } from './group-entries.ts'
import { createEntryWriter } from './inspect-entries.ts'
import type { PreviewIterator } from './inspect-iterator.ts'
import { columnsLength, defaultLineLength, joinEntries } from './inspect-layout.ts'
import { namingOf, prefixOf, type Naming } from './inspect-prefix.ts'
import { showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'

export interface InspectorOptions {
  /** The object has no prototype, so that user code can't add an option to it. */
  readonly __proto__?: null
  /** Number of levels below the value that are shown. */
  readonly maxDepth: number
  /** Number of characters after which the inspector goes no deeper. */
  readonly maxLength: number
  /** Number of items of a list that are shown; 100 by default. */
  readonly maxItems?: number | undefined
  readonly lineLength?: number | undefined
  /** Number of characters of a text that are shown; 10,000 by default. */
  readonly maxTextLength?: number | undefined
  /** Number of levels that may share a line; 3 by default. */
  readonly flatLevels?: number | undefined
  /** Whether the properties are sorted. */
  readonly isSorted?: boolean
  readonly contentsOf?: ContentsOf | undefined
  readonly previewIterator?: PreviewIterator | undefined
  readonly groupEntries?: GroupEntries | undefined
  /** Returns the text for the state of a promise. */
  readonly stateOf?: ((promise: object) => string) | undefined
}

/** Parts of an object's text besides its properties. */
interface Shape {
  /** Text before the entries, with the opening bracket. */
  readonly open: string
  readonly close: string
  readonly isList: boolean
}

/** Returns a function that shows a value as Node's `util.inspect` does. */
export function createInspector(p: Primordials, options: InspectorOptions): (value: unknown) => string {
  const { maxDepth, maxLength, contentsOf, previewIterator, groupEntries, stateOf } = options
  const lineLength = options.lineLength ?? defaultLineLength
  const flatLevels = options.flatLevels ?? 3
  const ancestors: object[] = []
  /** Objects that contain themselves, in the order in which they are found. */
  const circular: object[] = []
  const budget = { gathered: 0, maxLength, maxItems: options.maxItems ?? 100 }
  /** Depth of the object shown last, which is the innermost one when its parents are put together. */
  let lastDepth = 0
  const write = createEntryWriter(p, budget, show)

  return (value) => show(value, 0)

  function show(value: unknown, depth: number): string {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
    const text = isObject ? showGuarded(value, depth) : showPrimitive(p, value, options.maxTextLength)
    // An object has already counted its own parts.
    if (!isObject) budget.gathered += text.length
    return text
  }

  /** Shows an object, or a placeholder if it is circular or can't be inspected: a proxy can throw at any step. */
  function showGuarded(value: object, depth: number): string {
    if (p.arrayIncludes(ancestors, value)) {
      if (!p.arrayIncludes(circular, value)) p.arrayPush(circular, value)
      return `[Circular *${p.arrayIndexOf(circular, value) + 1}]`
    }
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
    const naming = namingOf(p, value)
    const contents = brand === undefined ? contentsOf?.(value) : undefined
    const base =
      contents?.kind === 'text' ? prefixOf(p, naming, 'Object') + contents.text : baseOf(p, value, brand, naming)
    budget.gathered += base.length
    if (!isEmpty(value, brand, contents)) {
      if (depth > maxDepth || budget.gathered > maxLength) {
        // An error may have any number of causes, which are left out here.
        if (base !== '') return base
        const text = p.stringSlice(prefixOf(p, naming, kindName(brand)), 0, -1)
        return naming.name === undefined ? text : `[${text}]`
      }
      lastDepth = depth
    }
    const entries: string[] = []
    const shape = writeContents(value, { brand, naming, contents, depth, entries })
    const hasManyIndices = shape.isList && brand === 'TypedArray'
    if (!hasManyIndices && brand !== 'String') write.properties(value, depth, entries, { brand, base })
    if (entries.length === 0) return base === '' ? `${shape.open}${shape.close}` : base
    if (options.isSorted === true && !shape.isList) p.arraySort(entries)
    const index = p.arrayIndexOf(circular, value)
    const reference = index === -1 ? '' : `<ref *${index + 1}> `
    const indent = depth * 2
    const { maxItems } = budget
    return joinEntries(p, entries, {
      open: reference + (base === '' ? shape.open : `${base} ${shape.open}`),
      close: shape.close,
      group:
        shape.isList && flatLevels > 0 && groupEntries !== undefined
          ? (list) =>
              groupEntries({
                entries: list,
                value,
                maxItems,
                flatLevels,
                indent,
                lineLength: lineLength + columnsLength,
              })
          : undefined,
      isFlat: lastDepth - depth < flatLevels,
      indent,
      lineLength,
    })
  }

  function writeContents(value: object, { brand, naming, contents, depth, entries }: Found): Shape {
    const prefix = (size?: number) => prefixOf(p, naming, kindName(brand), size === undefined ? '' : `(${size})`)
    switch (brand) {
      case 'Array': {
        const { length } = value as unknown[]
        write.items(value as unknown[], length, depth, entries)
        return {
          open: `${naming.name === 'Array' && naming.tag === '' ? '' : prefix(length)}[`,
          close: ']',
          isList: true,
        }
      }
      case 'TypedArray': {
        const length = p.typedArrayLength(value as Uint8Array)
        write.items(value as Uint8Array, length, depth, entries)
        return { open: `${prefix(length)}[`, close: ']', isList: true }
      }
      case 'Map':
        write.map(value as Map<unknown, unknown>, depth, entries)
        return { open: `${prefix(p.mapSize(value as never))}{`, close: '}', isList: false }
      case 'Set':
        write.set(value as Set<unknown>, depth, entries)
        return { open: `${prefix(p.setSize(value as never))}{`, close: '}', isList: false }
      case 'ArrayBuffer':
      case 'DataView':
        write.buffer(value, depth, entries)
        return { open: `${prefix()}{`, close: '}', isList: false }
      case 'Promise':
        if (stateOf !== undefined) p.arrayPush(entries, stateOf(value))
        return { open: `${prefix()}{`, close: '}', isList: false }
      case undefined:
        return writePlain(value, { brand, naming, contents, depth, entries })
      default:
        return { open: '{', close: '}', isList: false }
    }
  }

  function writePlain(value: object, { naming, contents, depth, entries }: Found): Shape {
    const { name, tag } = naming
    const iterated = tag === 'Map Iterator' ? 'Map' : tag === 'Set Iterator' ? 'Set' : undefined
    const items = iterated === undefined ? undefined : previewIterator?.(value, iterated)
    if (items !== undefined) {
      write.list(items, depth, entries)
      return { open: `[${isEveryPair(p, items) ? `${iterated} Entries` : tag}] {`, close: '}', isList: false }
    }
    if (contents !== undefined) write.contents(contents, depth, entries)
    if (contents?.kind === 'text') return { open: '{', close: '}', isList: false }
    if (contents?.kind === 'items') return { open: `${tag} {`, close: '}', isList: false }
    return {
      open: name === 'Object' && tag === '' ? '{' : `${prefixOf(p, naming, 'Object')}{`,
      close: '}',
      isList: false,
    }
  }

  function isEmpty(value: object, brand: Brand | 'Function' | undefined, contents: Contents | undefined): boolean {
    if (brand === 'Map') return p.mapSize(value as never) === 0
    if (brand === 'Set') return p.setSize(value as never) === 0
    if (brand === 'Array') return (value as unknown[]).length === 0
    return brand === undefined && contents === undefined && p.ReflectOwnKeys(value).length === 0
  }
}

interface Found {
  readonly brand: Brand | 'Function' | undefined
  readonly naming: Naming
  readonly contents: Contents | undefined
  readonly depth: number
  readonly entries: string[]
}

/** Returns whether an iterator seems to return entries: the language does not tell. */
function isEveryPair(p: Primordials, items: readonly unknown[]): boolean {
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (!p.ArrayIsArray(item) || item.length !== 2) return false
  }
  return items.length > 0
}

function kindName(brand: Brand | 'Function' | undefined): string {
  return brand === undefined || brand === 'TypedArray' ? 'Object' : brand
}
