import { brandOf } from './brand.ts'
import type { Primordials } from './primordials.ts'

const MAX_ITEMS = 100
const MAX_STRING_LENGTH = 10_000
const LINE_LENGTH = 72

/** A function that shows a value. Once about `maxLength` characters are gathered it goes no deeper. */
export function createInspector(p: Primordials, maxDepth: number, maxLength: number): (value: unknown) => string {
  const ancestors: object[] = []
  let gathered = 0
  /** The depth of the object shown last, that is, of the innermost one when its parents are put together. */
  let lastDepth = 0

  return (value) => show(value, 0)

  function show(value: unknown, depth: number): string {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
    const text = isObject ? showGuarded(value, depth) : showPrimitive(p, value)
    // What encloses it was not counted yet, and counts only its own.
    if (!isObject) gathered += text.length
    return text
  }

  /** A proxy can throw at any step. */
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
    /** What stands for the whole object if it has no properties of its own. */
    let base = ''
    const sized = (size: number, plainName?: string): string =>
      name === plainName ? '' : `${name ?? `[${brand}: null prototype]`}(${size}) `

    if (brand === 'Function') base = describeFunction(p, value)
    else if (brand === 'Error') base = describeError(p, value as Error)
    else if (brand === 'Date') base = describeDate(p, value as Date)
    else if (brand === 'RegExp') base = `/${p.regExpSource(value as RegExp)}/${p.regExpFlags(value as RegExp)}`
    else if (brand === 'Number') base = `[Number: ${showPrimitive(p, p.numberValueOf(value))}]`
    else if (brand === 'String') base = `[String: ${showPrimitive(p, p.stringValueOf(value))}]`
    else if (brand === 'Boolean') base = `[Boolean: ${p.booleanValueOf(value)}]`
    else if (brand === 'BigInt') base = `[BigInt: ${showPrimitive(p, p.bigIntValueOf(value))}]`
    else if (brand === 'Symbol') base = `[Symbol: ${showPrimitive(p, p.symbolValueOf(value))}]`
    else if (brand === 'WeakMap' || brand === 'WeakSet') base = `${name ?? brand} { <items unknown> }`

    gathered += base.length
    if (!isEmpty(value, brand)) {
      if (depth > maxDepth || gathered > maxLength) {
        // An error has its causes, which may be as many as it likes.
        if (base !== '') return showBase(base, brand)
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
    const hasManyIndices = isList && (brand === 'TypedArray' || (value as unknown[]).length > MAX_ITEMS)
    if (!hasManyIndices && brand !== 'String') showProperties(value, depth, entries, brand)

    if (base !== '') {
      if (entries.length === 0) return showBase(base, brand)
      prefix = `${base} `
    }
    if (entries.length === 0) return `${prefix}${open}${close}`
    return join(p, entries, { open: prefix + open, close, isList, isFlat: lastDepth - depth < 3, indent: depth * 2 })
  }

  /** An error without a stack is put in brackets. */
  function showBase(base: string, brand: string | undefined): string {
    return brand === 'Error' && p.stringIndexOf(base, '\n') === -1 ? `[${base}]` : base
  }

  function isEmpty(value: object, brand: string | undefined): boolean {
    if (brand === 'Array') return (value as unknown[]).length === 0
    return brand === undefined && p.ReflectOwnKeys(value).length === 0
  }

  function canAdd(entries: readonly string[]): boolean {
    return entries.length < MAX_ITEMS && gathered <= maxLength
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

interface Layout {
  readonly open: string
  readonly close: string
  readonly isList: boolean
  /** Whether so little is nested in it that it may be on one line. */
  readonly isFlat: boolean
  readonly indent: number
}

function join(p: Primordials, entries: readonly string[], { open, close, isList, isFlat, indent }: Layout): string {
  const line = p.arrayJoin(entries, ', ')
  const fits = open.length + line.length + indent <= LINE_LENGTH && p.stringIndexOf(line, '\n') === -1
  if (fits && isFlat && p.stringIndexOf(open, '\n') === -1) return `${open} ${line} ${close}`
  let text = ''
  let width = 0
  for (let index = 0; index < entries.length; index++) {
    const entry = indentLines(p, entries[index] as string)
    const isLast = index === entries.length - 1
    // Many short items share their lines; properties have one each.
    const isShared = isList && entries.length > 6 && width > 0 && width + entry.length + indent < LINE_LENGTH
    text += `${isShared ? ' ' : '\n  '}${entry}${isLast ? '' : ','}`
    width = p.stringIndexOf(entry, '\n') !== -1 ? LINE_LENGTH : (isShared ? width : 0) + entry.length + 2
  }
  return `${open}${text}\n${close}`
}

function indentLines(p: Primordials, text: string): string {
  let indented = ''
  let start = 0
  for (let at = p.stringIndexOf(text, '\n'); at !== -1; at = p.stringIndexOf(text, '\n', start)) {
    indented += `${p.stringSlice(text, start, at)}\n  `
    start = at + 1
  }
  return indented + p.stringSlice(text, start)
}

function showPrimitive(p: Primordials, value: unknown): string {
  if (typeof value === 'string') {
    const rest = value.length - MAX_STRING_LENGTH
    if (rest <= 0) return quoteText(p, value)
    return `${quoteText(p, p.stringSlice(value, 0, MAX_STRING_LENGTH))}... ${rest} more character${rest > 1 ? 's' : ''}`
  }
  if (typeof value === 'bigint') return `${p.bigIntToString(value)}n`
  if (typeof value === 'symbol') return p.symbolToString(value)
  return p.ObjectIs(value, -0) ? '-0' : `${value as number}`
}

/** In the quotes that need no escaping, if there are any. */
function quoteText(p: Primordials, text: string): string {
  const quote = !p.stringIncludes(text, "'")
    ? "'"
    : !p.stringIncludes(text, '"')
      ? '"'
      : !p.stringIncludes(text, '`')
        ? '`'
        : "'"
  const json = p.JSONStringify(text) as string
  let quoted = quote
  let start = 1
  for (let index = 1; index < json.length - 1; index++) {
    const isEscape = json[index] === '\\'
    if (isEscape && json[index + 1] === '"' && quote !== '"') quoted += p.stringSlice(json, start, index)
    else if (!isEscape && json[index] === quote) quoted += `${p.stringSlice(json, start, index)}\\`
    else {
      if (isEscape) index++
      continue
    }
    start = isEscape ? index + 1 : index
    if (isEscape) index++
  }
  return quoted + p.stringSlice(json, start, json.length - 1) + quote
}

function showKey(p: Primordials, key: string | symbol): string {
  if (typeof key === 'symbol') return p.symbolToString(key)
  return p.regExpExec(/^[A-Za-z_$][\w$]*$/, key) ? key : quoteText(p, key)
}

function isIndex(p: Primordials, key: string): boolean {
  return p.regExpExec(/^(?:0|[1-9]\d{0,9})$/, key) !== null
}

/** The name of the first constructor up the chain; undefined for an object without prototype. */
function constructorNameOf(p: Primordials, value: object): string | undefined {
  let each: object | null = value
  for (let steps = 0; each !== null && steps < 100; steps++) {
    const constructor = p.ReflectGetOwnPropertyDescriptor(each, 'constructor')
    if (constructor && p.ObjectHasOwn(constructor, 'value') && typeof constructor.value === 'function') {
      const name = ownText(p, constructor.value as object, 'name')
      if (name) return name
    }
    each = p.ReflectGetPrototypeOf(each)
  }
  return p.ReflectGetPrototypeOf(value) === null ? undefined : 'Object'
}

function ownText(p: Primordials, value: object, key: string): string | undefined {
  const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
  const text = descriptor && p.ObjectHasOwn(descriptor, 'value') ? (descriptor.value as unknown) : undefined
  return typeof text === 'string' ? text : undefined
}

function describeFunction(p: Primordials, value: object): string {
  const name = ownText(p, value, 'name')
  const source = p.functionToString(value)
  if (p.stringStartsWith(source, 'class') && p.stringEndsWith(source, '}')) {
    const parent = p.ReflectGetPrototypeOf(value)
    const parentName = parent && parent !== p.functionPrototype ? ownText(p, parent, 'name') : undefined
    return `[class ${name || '(anonymous)'}${parentName ? ` extends ${parentName}` : ''}]`
  }
  const kind = constructorNameOf(p, value) ?? 'Function'
  return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`
}

function describeDate(p: Primordials, value: Date): string {
  return p.NumberIsNaN(p.dateGetTime(value)) ? 'Invalid Date' : p.dateToISOString(value)
}

/** `stack` and `message` may be getters, or throw; the stack is left out where it is not of this error. */
function describeError(p: Primordials, error: Error): string {
  try {
    const { stack } = error
    if (typeof stack === 'string' && stack !== '') return stack
  } catch {
    // Then without.
  }
  try {
    return p.errorToString(error)
  } catch {
    return 'Error'
  }
}

function hexOf(p: Primordials, buffer: ArrayBuffer): string {
  const size = p.arrayBufferByteLength(buffer)
  const bytes = new p.Uint8Array(buffer, 0, size)
  let text = ''
  for (let index = 0; index < size && index < 50; index++) {
    text += `${index > 0 ? ' ' : ''}${p.stringPadStart(p.numberToString(bytes[index] as number, 16), 2, '0')}`
  }
  return `<${text}${size > 50 ? ` ... ${size - 50} more byte${size > 51 ? 's' : ''}` : ''}>`
}
