import type { Primordials } from './primordials.ts'

/** Reason why JSON can't hold a value, and what to write instead. */
export interface Refusal {
  /** Rest of a sentence that begins with the value's path: `is a Map, which JSON cannot hold`. */
  readonly reason: string
  readonly hint: string
}

/** Maximum nesting of arrays and objects in a value that crosses as JSON; `maxJsonNesting` in the protocol. */
export const maxNesting = 1_000

/** Returns the refusal of a value that is no object; undefined for strings, numbers, booleans and undefined. */
export function refusalOfPrimitive(item: unknown): Refusal | undefined {
  switch (typeof item) {
    case 'function':
      return refusalOf('function')
    case 'symbol':
      return refusalOf('symbol')
    case 'bigint':
      return refusalOf('BigInt')
    default:
      return undefined
  }
}

/** Returns the refusal of an object whose kind, as returned by `kindOf`, is given; undefined for one that is data. */
export function refusalOfObject(item: object, kind: string | undefined): Refusal | undefined {
  if (kind !== undefined) return refusalOf(kind)
  return typeof (item as { then?: unknown }).then === 'function' ? refusalOf('Promise') : undefined
}

/** Returns whether a value is an error, of any class, and not an array or a plain object by its prototype. */
export function isError(p: Primordials, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || p.ArrayIsArray(value)) return false
  return p.ReflectGetPrototypeOf(value) !== p.objectPrototype && kindOf(p, value) === 'Error'
}

/** Returns the refusal of a reference to an object that contains it; `path` leads to that object. */
export function refusalOfCycle(path: string): Refusal {
  const target = path === '' ? 'the value itself' : path
  return {
    reason: `refers back to ${target}, which contains it: JSON cannot hold a cycle`,
    hint: 'Leave the reference out, or put an id in its place.',
  }
}

/** Refusal of an array or object that is nested deeper than the limit. */
export const tooDeep: Refusal = {
  reason: `is nested too deeply: the limit is ${maxNesting} levels of arrays and objects`,
  hint: 'Flatten it, for example to a list whose items refer to each other by id.',
}

/**
 * Returns names and hints of the refused kinds of values. The client has the same in `tools/not-json.ts`. They are made when
 * they are used, because every isolate runs the top level of the runtime.
 */
function refusedKinds(): Readonly<Record<string, readonly [string, string] | undefined>> {
  const noContents = 'Its contents cannot be listed. Keep the data in an array or an object.'
  const iterator = ['an iterator', 'Use [...iterator].']
  const asyncIterator = ['an async iterator', 'Use await Array.fromAsync(iterator).']
  return {
    __proto__: null,
    function: ['a function', 'Call it, or leave it out.'],
    symbol: ['a symbol', 'Use symbol.description.'],
    BigInt: ['a BigInt', 'Use String(n), or Number(n) if it is small enough.'],
    Map: ['a Map', 'Use Object.fromEntries(map) or [...map].'],
    Set: ['a Set', 'Use [...set].'],
    WeakMap: ['a WeakMap', noContents],
    WeakSet: ['a WeakSet', noContents],
    WeakRef: ['a WeakRef', 'Use ref.deref().'],
    Promise: ['a Promise', 'Await it; for a list of promises, use await Promise.all(list).'],
    ArrayBuffer: ['an ArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.'],
    SharedArrayBuffer: ['a SharedArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.'],
    DataView: ['a DataView', 'Use Array.from(new Uint8Array(view.buffer)), or base64 text.'],
    TypedArray: ['a typed array', 'Use Array.from(array), or base64 text.'],
    RegExp: ['a RegExp', 'Use regexp.source.'],
    Segments: ['the segments of an Intl.Segmenter', 'Use [...segments].'],
    Iterator: iterator,
    Generator: iterator,
    AsyncGenerator: asyncIterator,
    Headers: ['a Headers object', 'Use Object.fromEntries(headers).'],
    URLSearchParams: ['a URLSearchParams object', 'Use Object.fromEntries(params) or String(params).'],
    FormData: ['a FormData object', 'Use Object.fromEntries(form).'],
    Response: ['a Response', 'Use await response.json() or await response.text().'],
    Request: ['a Request', 'Use await request.json() or await request.text().'],
    Blob: ['a Blob', 'Use await blob.text().'],
    File: ['a File', 'Use await file.text().'],
    ReadableStream: ['a ReadableStream', 'Read it first: await new Response(stream).text().'],
  } as unknown as ReturnType<typeof refusedKinds>
}

function refusalOf(kind: string): Refusal {
  const known = refusedKinds()[kind]
  return {
    reason: `is ${known === undefined ? withArticle(kind) : known[0]}, which JSON cannot hold`,
    hint: known === undefined ? 'Use the plain data that its methods and properties give.' : known[1],
  }
}

function withArticle(name: string): string {
  const first = name[0] ?? ''
  return `${first === 'A' || first === 'E' || first === 'I' || first === 'O' ? 'an' : 'a'} ${name}`
}

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
