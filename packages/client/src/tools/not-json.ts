/**
 * Refusals of values that JSON can't hold: the reason, the path, and what to write instead. The rule is in
 * docs/values.md.
 */
import { types } from 'node:util'

import { maxJsonNesting } from '@codemode/shared'

import { DeferredAnswer } from './deferral.ts'

/** Reason why JSON can't hold a value, and what to write instead. */
export interface Refusal {
  /** Predicate of a sentence whose subject is the value's path: `is a Map, which JSON cannot hold`. */
  readonly reason: string
  readonly hint: string
}

/** Error for a value that JSON can't hold, with its path. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError'
  /** Keys that lead to the value; only the first ones if the value is nested too deeply. */
  readonly path: readonly (string | number)[]
  /** Path as code would write it: `.rows[3]["a b"]`. */
  readonly pathText: string
  readonly reason: string
  readonly hint: string

  constructor(path: readonly (string | number)[], refusal: Refusal, cause?: unknown) {
    super(`${refusal.reason}. ${refusal.hint}`, { cause })
    const isCut = refusal === tooDeep
    this.path = isCut ? path.slice(0, shownDepth) : [...path]
    this.pathText = `${textOf(this.path)}${isCut ? '…' : ''}`
    this.reason = refusal.reason
    this.hint = refusal.hint
  }

  /** Returns the whole sentence about the value, whose root has the given name: `output.rows[3] is a Map, …`. */
  about(root: string): string {
    return `${root}${this.pathText} ${this.message}`
  }
}

/** Maximum number of keys that are shown of the path to a value that is nested too deeply. */
const shownDepth = 10

function textOf(path: readonly (string | number)[]): string {
  const keys = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  })
  return keys.join('')
}

const nestedDeferral: Refusal = {
  reason: 'is call.defer() within another value, where it defers nothing',
  hint: 'Return call.defer() by itself.',
}
const noContents = 'Its contents cannot be listed. Keep the data in an array or an object.'
const iterator = ['an iterator', 'Use [...iterator].'] as const
const asyncIterator = ['an async iterator', 'Use await Array.fromAsync(iterator).'] as const

/** Kinds of values that are refused, each with its name and the hint. The guest has the same in `guest/not-json.ts`. */
const kinds = new Map<string, readonly [string, string]>([
  ['function', ['a function', 'Call it, or leave it out.']],
  ['symbol', ['a symbol', 'Use symbol.description.']],
  ['BigInt', ['a BigInt', 'Use String(n), or Number(n) if it is small enough.']],
  ['Map', ['a Map', 'Use Object.fromEntries(map) or [...map].']],
  ['Set', ['a Set', 'Use [...set].']],
  ['WeakMap', ['a WeakMap', noContents]],
  ['WeakSet', ['a WeakSet', noContents]],
  ['WeakRef', ['a WeakRef', 'Use ref.deref().']],
  ['Promise', ['a Promise', 'Await it; for a list of promises, use await Promise.all(list).']],
  ['ArrayBuffer', ['an ArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.']],
  ['SharedArrayBuffer', ['a SharedArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.']],
  ['DataView', ['a DataView', 'Use Array.from(new Uint8Array(view.buffer)), or base64 text.']],
  ['TypedArray', ['a typed array', 'Use Array.from(array), or base64 text.']],
  ['RegExp', ['a RegExp', 'Use regexp.source.']],
  ['Segments', ['the segments of an Intl.Segmenter', 'Use [...segments].']],
  ['Iterator', iterator],
  ['Generator', iterator],
  ['AsyncGenerator', asyncIterator],
  ['Headers', ['a Headers object', 'Use Object.fromEntries(headers).']],
  ['URLSearchParams', ['a URLSearchParams object', 'Use Object.fromEntries(params) or String(params).']],
  ['FormData', ['a FormData object', 'Use Object.fromEntries(form).']],
  ['Response', ['a Response', 'Use await response.json() or await response.text().']],
  ['Request', ['a Request', 'Use await request.json() or await request.text().']],
  ['Blob', ['a Blob', 'Use await blob.text().']],
  ['File', ['a File', 'Use await file.text().']],
  ['ReadableStream', ['a ReadableStream', 'Read it first: await new Response(stream).text().']],
])

/** Returns the refusal of an object whose prototype is neither that of a plain object nor that of an array; undefined for data. */
export function refusalOfObject(item: object): Refusal | undefined {
  if (item instanceof DeferredAnswer) return nestedDeferral
  const kind = kindOf(item)
  if (kind !== undefined) return refusalOf(kind)
  return typeof (item as { then?: unknown }).then === 'function' ? refusalOf('Promise') : undefined
}

/** Returns the refusal of a reference to an object that contains it; `path` leads to that object. */
export function refusalOfCycle(path: readonly (string | number)[]): Refusal {
  const target = path.length === 0 ? 'the value itself' : textOf(path)
  return {
    reason: `refers back to ${target}, which contains it: JSON cannot hold a cycle`,
    hint: 'Leave the reference out, or put an id in its place.',
  }
}

/** Refusal of an array or object that is nested deeper than the limit. */
export const tooDeep: Refusal = {
  reason: `is nested too deeply: the limit is ${maxJsonNesting} levels of arrays and objects`,
  hint: 'Flatten it, for example to a list whose items refer to each other by id.',
}

/** Returns the refusal of a value that has more values in it than fit into any message. */
export function tooMany(limit: number): Refusal {
  return { reason: `has more than ${limit} values in it, which no message can hold`, hint: 'Send less, or in pages.' }
}

/** Returns the refusal of a value of a kind that JSON does not have. */
export function refusalOf(kind: string): Refusal {
  const [name, hint] = kinds.get(kind) ?? [
    `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`,
    'Use the plain data that its methods and properties give.',
  ]
  return { reason: `is ${name}, which JSON cannot hold`, hint }
}

/**
 * Returns the builtin class, of any realm, that keeps the state of an object where JSON does not see it; undefined if
 * there is none. Most are recognised by a prototype: those of builtin classes have a tag that is not writable and not
 * enumerable, as ECMAScript and WebIDL define it. A tag of the object itself, or a getter, which classes of user code
 * have, is ignored.
 */
function kindOf(item: object): string | undefined {
  if (types.isRegExp(item) || item instanceof RegExp) return 'RegExp'
  if (types.isTypedArray(item) || item instanceof typedArray) return 'TypedArray'
  for (let each = prototypeOf(item); each !== null; each = prototypeOf(each)) {
    if (each === Object.prototype) return undefined
    if (each === iteratorPrototype) return 'Iterator'
    if (Object.hasOwn(each, 'containing') && each === segmentsPrototype()) return 'Segments'
    const name = builtinTag(each)
    if (name === undefined) continue
    if (name.endsWith('Iterator') || name.endsWith('Iterator Helper')) return 'Iterator'
    return name === 'Symbol' ? 'symbol' : name
  }
  return undefined
}

function builtinTag(prototype: object): string | undefined {
  const tag = Reflect.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)
  if (tag === undefined || typeof tag.value !== 'string') return undefined
  return tag.writable === false && tag.enumerable === false && tag.configurable === true ? tag.value : undefined
}

const prototypeOf: (item: object) => object | null = Reflect.getPrototypeOf
const typedArray = prototypeOf(Uint8Array) as typeof Uint8Array
const iteratorPrototype = prototypeOf(prototypeOf([][Symbol.iterator]())!)
/** It has no name and no tag, and what it takes to reach it is expensive. */
const segmentsPrototype = () => prototypeOf(new Intl.Segmenter('en').segment(''))
