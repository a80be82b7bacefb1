import type { Contents } from '../contents.ts'
import { missing } from '../missing.ts'
import type { Primordials } from '../primordials.ts'
import { urlTextOf } from './convert.ts'
import { defineWebClass } from './define-web-class.ts'
import { iterateWith } from './iterate.ts'
import type { WebHost } from './web-host.ts'

type Pair = [name: string, value: string]

/** Creates the URL Standard's `URLSearchParams`. The host parses and serialises. */
export function createUrlSearchParams(p: Primordials, host: WebHost) {
  const internals = {
    /** Makes the parameters of a URL. `onChange` is called with the query after each change. */
    create: undefined as unknown as (query: string, onChange: (query: string) => void) => URLSearchParams,
    replace: undefined as unknown as (params: URLSearchParams, query: string) => void,
    /** Returns the pairs of the parameters; undefined for any other value. */
    pairsOf: undefined as unknown as (value: object) => readonly Pair[] | undefined,
  }

  class URLSearchParams {
    static {
      internals.create = (query, onChange) => {
        const params = new URLSearchParams(query)
        params.#onChange = onChange
        return params
      }
      internals.replace = (params, query) => {
        params.#pairs = parseQuery(query)
      }
      internals.pairsOf = (value) => (#pairs in value ? value.#pairs : undefined)
    }

    #pairs: Pair[] = []
    #onChange: ((query: string) => void) | undefined

    constructor(init = missing) {
      if (init === undefined || init === null) return
      if ((typeof init === 'object' || typeof init === 'function') && init !== null) {
        const method = (init as Record<symbol, unknown>)[p.SymbolIterator]
        if (method === undefined || method === null) this.#addRecord(init)
        else if (typeof method === 'function') iterateWith(p, init, (pair) => this.#addPair(pair))
        else throw typeError('ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable')
      } else this.#pairs = parseQuery(text(init))
    }

    #addPair(pair: unknown): void {
      const items: unknown[] = []
      if ((typeof pair === 'object' && pair !== null) || typeof pair === 'function') {
        iterateWith(p, pair, (item) => p.arrayPush(items, item))
      }
      if (items.length !== 2)
        throw typeError('ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple')
      p.arrayPush(this.#pairs, [text(items[0]), text(items[1])])
    }

    #addRecord(record: object): void {
      const keys = p.ReflectOwnKeys(record)
      const byName = new p.Map<string, Pair>()
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index] as string | symbol
        if (!p.ReflectGetOwnPropertyDescriptor(record, key)?.enumerable) continue
        const name = text(key)
        const value = text((record as Record<PropertyKey, unknown>)[key])
        // Names that are the same once they are well-formed count as one.
        const known = p.mapGet(byName, name)
        if (known) known[1] = value
        else {
          const pair: Pair = [name, value]
          p.mapSet(byName, name, pair)
          p.arrayPush(this.#pairs, pair)
        }
      }
    }

    get size(): number {
      return this.#pairs.length
    }

    append(name: unknown, value: unknown): void {
      requireArguments(arguments.length, 2, 'The "name" and "value" arguments must be specified')
      p.arrayPush(this.#pairs, [text(name), text(value)])
      this.#onChange?.(serialise(this.#pairs))
    }

    delete(name: unknown, value = missing): void {
      requireArguments(arguments.length, 1, 'The "name" argument must be specified')
      const wanted = text(name)
      const wantedValue = value === undefined ? undefined : text(value)
      const kept: Pair[] = []
      for (let index = 0; index < this.#pairs.length; index++) {
        const pair = this.#pairs[index] as Pair
        if (pair[0] !== wanted || (wantedValue !== undefined && pair[1] !== wantedValue)) p.arrayPush(kept, pair)
      }
      this.#pairs = kept
      this.#onChange?.(serialise(this.#pairs))
    }

    get(name: unknown): string | null {
      requireArguments(arguments.length, 1, 'The "name" argument must be specified')
      return findPair(this.#pairs, text(name))?.[1] ?? null
    }

    getAll(name: unknown): string[] {
      requireArguments(arguments.length, 1, 'The "name" argument must be specified')
      const wanted = text(name)
      const values: string[] = []
      for (let index = 0; index < this.#pairs.length; index++) {
        const pair = this.#pairs[index] as Pair
        if (pair[0] === wanted) p.arrayPush(values, pair[1])
      }
      return values
    }

    has(name: unknown, value = missing): boolean {
      requireArguments(arguments.length, 1, 'The "name" argument must be specified')
      return findPair(this.#pairs, text(name), value === undefined ? undefined : text(value)) !== undefined
    }

    set(name: unknown, value: unknown): void {
      requireArguments(arguments.length, 2, 'The "name" and "value" arguments must be specified')
      const wanted = text(name)
      const kept: Pair[] = []
      let isSet = false
      for (let index = 0; index < this.#pairs.length; index++) {
        const pair = this.#pairs[index] as Pair
        if (pair[0] === wanted && isSet) continue
        if (pair[0] === wanted) {
          pair[1] = text(value)
          isSet = true
        }
        p.arrayPush(kept, pair)
      }
      if (!isSet) p.arrayPush(kept, [wanted, text(value)])
      this.#pairs = kept
      this.#onChange?.(serialise(this.#pairs))
    }

    sort(): void {
      p.arraySort(this.#pairs, (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
      this.#onChange?.(serialise(this.#pairs))
    }

    forEach(callback: unknown, receiver = missing): void {
      if (typeof callback !== 'function') {
        throw typeError('ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function.')
      }
      for (let index = 0; index < this.#pairs.length; index++) {
        const pair = this.#pairs[index] as Pair
        p.ReflectApply(callback, receiver, [pair[1], pair[0], this])
      }
    }

    entries(): object {
      return iterate(
        () => this.#pairs,
        (pair) => [pair[0], pair[1]],
      )
    }
    keys(): object {
      return iterate(
        () => this.#pairs,
        (pair) => pair[0],
      )
    }
    values(): object {
      return iterate(
        () => this.#pairs,
        (pair) => pair[1],
      )
    }
    toString(): string {
      return serialise(this.#pairs)
    }
  }

  /** State of the iterators. It is kept by iterator because `next` is a method of their common prototype. */
  const positions = new p.WeakMap<
    object,
    { pairs: () => readonly Pair[]; pick: (pair: Pair) => unknown; index: number }
  >()
  const iteratorPrototype = p.ObjectCreate(p.iteratorPrototype)
  function next(this: object): { value: unknown; done: boolean } {
    const position = p.weakMapGet(positions, this)
    if (!position) throw new p.TypeError('Value of "this" must be of type URLSearchParamsIterator')
    const pair = position.index < position.pairs().length ? position.pairs()[position.index++] : undefined
    return pair ? { value: position.pick(pair), done: false } : { value: undefined, done: true }
  }
  define(iteratorPrototype, 'next', next, true)
  define(iteratorPrototype, p.SymbolToStringTag, 'URLSearchParams Iterator', false)

  defineWebClass(p, URLSearchParams, 'URLSearchParams')
  // oxlint-disable-next-line typescript/unbound-method -- it is one function under two names, as the standard has it
  define(URLSearchParams.prototype, p.SymbolIterator, URLSearchParams.prototype.entries, false)
  return { URLSearchParams, createParams: internals.create, replaceParams: internals.replace, contentsOfParams }

  /** Returns the pairs of parameters, or the items that an iterator of them is going to return. */
  function contentsOfParams(value: object): Contents | undefined {
    const pairs = internals.pairsOf(value)
    const list: unknown[] = []
    if (pairs !== undefined) {
      for (let index = 0; index < pairs.length; index++) {
        p.arrayPush(list, pairs[index]![0])
        p.arrayPush(list, pairs[index]![1])
      }
      return { kind: 'pairs', list }
    }
    const position = p.weakMapGet(positions, value)
    if (position === undefined) return undefined
    const rest = position.pairs()
    for (let { index } = position; index < rest.length; index++) p.arrayPush(list, position.pick(rest[index]!))
    return { kind: 'items', list }
  }

  function iterate(pairs: () => readonly Pair[], pick: (pair: Pair) => unknown): object {
    const iterator = p.ObjectCreate(iteratorPrototype)
    p.weakMapSet(positions, iterator, { pairs, pick, index: 0 })
    return iterator
  }

  function define(target: object, key: PropertyKey, value: unknown, enumerable: boolean): void {
    p.ReflectDefineProperty(target, key, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value,
      enumerable,
      writable: typeof value === 'function',
      configurable: true,
    })
  }

  function parseQuery(query: string): Pair[] {
    return p.JSONParse(host.parseUrl('parseQuery', `[${quote(query)}]`)) as Pair[]
  }

  function serialise(pairs: readonly Pair[]): string {
    if (pairs.length === 0) return ''
    let flat = ''
    for (let index = 0; index < pairs.length; index++) {
      const pair = pairs[index] as Pair
      flat += `${index > 0 ? ',' : ''}${quote(pair[0])},${quote(pair[1])}`
    }
    return p.JSONParse(host.parseUrl('serialiseQuery', `[${flat}]`)) as string
  }

  /**
   * Quotes one string as JSON. Arrays are not passed to `JSON.stringify`, which would call a `toJSON` that user code
   * may have added to `Array.prototype`.
   */
  function quote(value: string): string {
    return p.JSONStringify(value) as string
  }

  function text(value: unknown): string {
    return urlTextOf(p, value)
  }

  function requireArguments(count: number, required: number, message: string): void {
    if (count < required) throw typeError('ERR_MISSING_ARGS', message)
  }

  function typeError(code: string, message: string): Error {
    const error = new p.TypeError(message)
    define(error, 'code', code, true)
    return error
  }
}

function findPair(pairs: readonly Pair[], name: string, value?: string): Pair | undefined {
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index] as Pair
    if (pair[0] === name && (value === undefined || pair[1] === value)) return pair
  }
  return undefined
}

export type SearchParams = ReturnType<typeof createUrlSearchParams>
