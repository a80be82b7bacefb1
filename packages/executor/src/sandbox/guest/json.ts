import type { Primordials } from './primordials.ts'

export type Serialised =
  | { readonly ok: true; readonly text: string }
  /** `path` is where the value stands, as code would write it: `.items[3].run`, or empty for the value itself. */
  | { readonly ok: false; readonly path: string; readonly reason: string }

/** Thrown by the replacer to leave `JSON.stringify`; it never leaves this file. */
interface Refusal {
  readonly path: string
  readonly reason: string
}

/**
 * `JSON.stringify` that refuses what JSON can't hold, instead of dropping it, and says where it is. `undefined` becomes
 * `null`. What user code throws on the way (getters, `toJSON`) is passed on.
 */
export function serialise(p: Primordials, value: unknown): Serialised {
  // The chain of objects from the outermost to the one that is being written, and where in it the next one stands.
  const holders = withoutPrototype<object>(p)
  const keys = withoutPrototype<string>(p)
  let depth = -1
  let refusal: Refusal | undefined

  /** Makes `holder` the last of the chain: the first that is seen, or one of those that are open. */
  function returnTo(holder: object, key: string): void {
    if (depth === -1) holders[++depth] = holder
    while (holders[depth] !== holder) depth--
    keys[depth] = key
  }

  function refuse(reason: string): never {
    refusal = { path: pathOf(p, holders, keys, depth), reason }
    throw refusal as unknown as Error
  }

  /** It is called for every value, so that what most of them are comes first. */
  function check(this: object, key: string, item: unknown): unknown {
    if (typeof item !== 'object') {
      const reason = reasonToRefuse(item)
      if (reason === undefined) return item
      returnTo(this, key)
      return refuse(reason)
    }
    if (item === null) return item
    returnTo(this, key)
    const reason = reasonToRefuseObject(p, item)
    if (reason !== undefined) refuse(reason)
    for (let i = 0; i <= depth; i++) if (holders[i] === item) refuse('a reference to an object that contains it')
    holders[++depth] = item
    return item
  }

  // For V8 a text alone is much less work without anyone to ask.
  if (typeof value === 'string') return { ok: true, text: p.JSONStringify(value)! }
  try {
    return { ok: true, text: p.JSONStringify(value, check) ?? 'null' }
  } catch (thrown) {
    if (refusal !== undefined && thrown === refusal) return { ok: false, path: refusal.path, reason: refusal.reason }
    throw thrown
  }
}

/** A list that can be assigned to by index: no setter of `Array.prototype` is in the way. */
function withoutPrototype<Item>(p: Primordials): Item[] {
  const list: Item[] = []
  p.ReflectSetPrototypeOf(list, null)
  return list
}

const bigIntReason = 'a BigInt (use Number(value) or String(value))'

function reasonToRefuse(item: unknown): string | undefined {
  switch (typeof item) {
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'bigint':
      return bigIntReason
    default:
      return undefined
  }
}

function reasonToRefuseObject(p: Primordials, item: object): string | undefined {
  const prototype = p.ReflectGetPrototypeOf(item)
  if (prototype === p.objectPrototype || prototype === null || p.ArrayIsArray(item)) return undefined
  if (inherits(p, item, p.mapPrototype)) return 'a Map (use Object.fromEntries(map) or [...map])'
  if (inherits(p, item, p.setPrototype)) return 'a Set (use [...set])'
  if (inherits(p, item, p.promisePrototype)) return 'a Promise (an await is missing)'
  if (inherits(p, item, p.BigInt.prototype)) return bigIntReason
  return undefined
}

function inherits(p: Primordials, item: object, prototype: object): boolean {
  for (let each = p.ReflectGetPrototypeOf(item); each !== null; each = p.ReflectGetPrototypeOf(each)) {
    if (each === prototype) return true
  }
  return false
}

/** The first key is that of the wrapper that `JSON.stringify` puts around the value. */
function pathOf(p: Primordials, holders: readonly object[], keys: readonly string[], depth: number): string {
  let path = ''
  for (let i = 1; i <= depth; i++) {
    const key = keys[i]!
    if (p.ArrayIsArray(holders[i])) path += `[${key}]`
    else path += isIdentifier(p, key) ? `.${key}` : `[${p.JSONStringify(key)}]`
  }
  return path
}

function isIdentifier(p: Primordials, key: string): boolean {
  if (key.length === 0) return false
  for (let i = 0; i < key.length; i++) {
    const unit = p.stringCharCodeAt(key, i)
    const isLetter = (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) || unit === 95 || unit === 36
    const isDigit = unit >= 48 && unit <= 57
    if (!isLetter && !(isDigit && i > 0)) return false
  }
  return true
}
