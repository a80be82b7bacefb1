import type { ErrorData } from './error-data.ts'
import { kindOf } from './kind-of.ts'
import type { NotJson, Refusal } from './not-json.ts'
import type { Primordials } from './primordials.ts'
import type { LoadRare } from './rare-parts.ts'

export type Serialised =
  | { readonly ok: true; readonly text: string }
  /**
   * Refusal of a value. `path` leads to it as code would write it (`.items[3].run`), and is empty for the value itself.
   */
  | ({ readonly ok: false; readonly path: string } & Refusal)

/**
 * Serialises a value like `JSON.stringify`, but refuses a value that JSON can't hold, with its path, instead of
 * dropping it; docs/values.md has the rule. Errors become data. `undefined` becomes `null`. Throws what user code
 * throws on the way (getters, `toJSON`).
 */
export function serialise(p: Primordials, value: unknown, rare: LoadRare): Serialised {
  // A text alone is much less work for V8 without a replacer.
  if (typeof value === 'string') return { ok: true, text: p.JSONStringify(value)! }
  // Chain of objects from the outermost to the one that is being written, and in each the key of the next one.
  const holders = withoutPrototype<object>(p)
  const keys = withoutPrototype<string>(p)
  // Errors, and objects in them, whose copy is among the holders, by the same index.
  const originals = withoutPrototype<object | undefined>(p)
  // Created at the first error.
  let errors: ErrorData | undefined
  let depth = -1
  // Depth from which refused values are left out, because they belong to an error; `Infinity` outside of errors.
  let lenientFrom = Infinity
  // Prototype of the last class instance without hidden state. Instances of the same class mostly follow.
  let plainClass: object | null | undefined
  let refused: { readonly path: string; readonly found: NotJson } | undefined

  /** Makes `holder` the last of the chain. It is the first object, or one of those that are open. */
  function returnTo(holder: object, key: string): void {
    if (depth === -1) holders[++depth] = holder
    while (holders[depth] !== holder) depth--
    keys[depth] = key
    if (depth < lenientFrom) lenientFrom = Infinity
  }

  /** Leaves a value out of the data of an error; elsewhere it ends the serialisation. */
  function refuse(found: NotJson): undefined {
    if (lenientFrom !== Infinity) return undefined
    const isTooDeep = found.mistake === 'depth'
    const path = isTooDeep ? `${pathOf(p, holders, keys, shownDepth)}…` : pathOf(p, holders, keys, depth)
    refused = { path, found }
    throw refused as unknown as Error
  }

  function dataOf(error: object): object {
    errors ??= rare('createErrorData')(p)
    const data = errors.dataOf(error)
    if (lenientFrom === Infinity) lenientFrom = depth + 1
    originals[depth + 1] = error
    return data
  }

  /** Opens an object in an error. Parts that throw are left out. */
  function openInError(substitute: object): unknown {
    const item = errors!.original(substitute)
    try {
      const written = open(item)
      if (written !== item) return written
      originals[depth] = item
      return (holders[depth] = errors!.copy(item))
    } catch {
      return undefined
    }
  }

  /** Checks one value. It is called for every value, so the most frequent kinds come first. */
  function check(this: object, key: string, item: unknown): unknown {
    if (typeof item !== 'object') {
      const kind = refusedPrimitive(item)
      if (kind === undefined) return item
      returnTo(this, key)
      return refuse({ mistake: 'kind', kind })
    }
    if (item === null) return item
    returnTo(this, key)
    return lenientFrom === Infinity ? open(item) : openInError(item)
  }

  /** Makes an object the last of the chain, unless JSON can't hold it, and returns what is written in its place. */
  function open(item: object): unknown {
    for (let i = 0; i <= depth; i++) {
      if (holders[i] === item || (errors !== undefined && originals[i] === item)) {
        return refuse({ mistake: 'cycle', path: pathOf(p, holders, keys, i - 1) })
      }
    }
    if (depth === maxNesting) return refuse({ mistake: 'depth', limit: maxNesting })
    const prototype = p.ReflectGetPrototypeOf(item)
    let written = item
    originals[depth + 1] = undefined
    if (prototype !== p.objectPrototype && (prototype !== null || p.ErrorIsError(item)) && !p.ArrayIsArray(item)) {
      if (prototype !== plainClass || p.ErrorIsError(item)) {
        const kind = kindOf(p, item) ?? (isThenable(item) ? 'Promise' : undefined)
        if (kind === 'Error') written = dataOf(item)
        else if (kind !== undefined) return refuse({ mistake: 'kind', kind })
        else plainClass = prototype
      }
    }
    holders[++depth] = written
    return written
  }

  try {
    return { ok: true, text: p.JSONStringify(value, check) ?? 'null' }
  } catch (thrown) {
    if (refused === undefined || thrown !== refused) throw thrown
    const { reason, hint } = rare('describeRefusal')(refused.found)
    return { ok: false, path: refused.path, reason, hint }
  }
}

/** Returns the kind of a value that is no object, if JSON can't hold it. */
function refusedPrimitive(item: unknown): string | undefined {
  switch (typeof item) {
    case 'function':
      return 'function'
    case 'symbol':
      return 'symbol'
    case 'bigint':
      return 'BigInt'
    default:
      return undefined
  }
}

function isThenable(item: object): boolean {
  return typeof (item as { then?: unknown }).then === 'function'
}

/** Maximum nesting of arrays and objects in a value that crosses as JSON; `maxJsonNesting` in the protocol. */
const maxNesting = 1_000

/** Number of keys that are shown of the path to a value that is nested too deeply. */
const shownDepth = 10

/** Returns a list without a prototype, so that assigning by index calls no setter of `Array.prototype`. */
function withoutPrototype<Item>(p: Primordials): Item[] {
  const list: Item[] = []
  p.ReflectSetPrototypeOf(list, null)
  return list
}

/**
 * Returns the path to a value as code would write it. The first key is left out: it belongs to the wrapper that
 * `JSON.stringify` puts around the value.
 */
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
