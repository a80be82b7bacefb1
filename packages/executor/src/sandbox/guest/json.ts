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
  const holders: object[] = []
  const keys: string[] = []
  let refusal: Refusal | undefined

  function refuse(reason: string): never {
    refusal = { path: pathOf(p, holders, keys), reason }
    throw refusal as unknown as Error
  }

  /** `holders` is the chain of objects from the outermost to the one that is being written. */
  function check(this: object, key: string, item: unknown): unknown {
    while (holders.length > 0 && holders[holders.length - 1] !== this) p.arrayPop(holders)
    if (holders.length === 0) p.arrayPush(holders, this)
    keys.length = holders.length - 1
    p.arrayPush(keys, key)
    const reason = reasonToRefuse(p, item)
    if (reason !== undefined) refuse(reason)
    if (typeof item === 'object' && item !== null) {
      if (p.arrayIndexOf(holders, item) !== -1) refuse('a reference to an object that contains it')
      p.arrayPush(holders, item)
    }
    return item
  }

  try {
    return { ok: true, text: p.JSONStringify(value, check) ?? 'null' }
  } catch (thrown) {
    if (refusal !== undefined && thrown === refusal) return { ok: false, path: refusal.path, reason: refusal.reason }
    throw thrown
  }
}

const bigIntReason = 'a BigInt (use Number(value) or String(value))'

function reasonToRefuse(p: Primordials, item: unknown): string | undefined {
  switch (typeof item) {
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'bigint':
      return bigIntReason
    case 'object':
      return item === null ? undefined : reasonToRefuseObject(p, item)
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
function pathOf(p: Primordials, holders: readonly object[], keys: readonly string[]): string {
  let path = ''
  for (let i = 1; i < keys.length; i++) {
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
