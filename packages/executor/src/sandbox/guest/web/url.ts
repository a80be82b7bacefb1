import { missing } from '../missing.ts'
import type { Primordials } from '../primordials.ts'
import { textOf, urlTextOf } from './convert.ts'
import { defineWebClass } from './define-web-class.ts'
import type { SearchParams } from './url-search-params.ts'
import type { WebHost } from './web-host.ts'

type UrlPart =
  | 'href'
  | 'origin'
  | 'protocol'
  | 'username'
  | 'password'
  | 'host'
  | 'hostname'
  | 'port'
  | 'pathname'
  | 'search'
  | 'hash'
type UrlParts = Readonly<Record<UrlPart, string>>

/** Creates the URL Standard's `URL`, which calls the host's parser. */
export function createUrl(p: Primordials, host: WebHost, { createParams, replaceParams }: SearchParams) {
  class URL {
    #parts: UrlParts
    #params: InstanceType<SearchParams['URLSearchParams']> | undefined

    static canParse(url: unknown, base = missing): boolean {
      if (arguments.length === 0) throw missingUrl()
      return parseParts(url, base) !== undefined
    }

    static parse(url: unknown, base = missing): URL | null {
      if (arguments.length === 0) throw missingUrl()
      const parts = parseParts(url, base)
      return parts ? new URL(parts.href) : null
    }

    constructor(url: unknown, base = missing) {
      if (arguments.length === 0) throw missingUrl()
      const parts = parseParts(url, base)
      if (!parts) throw invalid(textOf(url), base)
      this.#parts = parts
    }

    /** Sets a part of the URL, and updates its parameters. */
    #set(part: UrlPart, value: unknown): void {
      const parts = callHost('set', [this.#parts.href, part, wellFormed(value)])
      if (!parts && part === 'href') throw invalid(textOf(value), undefined)
      if (!parts) return
      this.#parts = parts
      if (this.#params) replaceParams(this.#params, parts.search)
    }

    get href(): string {
      return this.#parts.href
    }
    set href(value: unknown) {
      this.#set('href', value)
    }
    get origin(): string {
      return this.#parts.origin
    }
    get protocol(): string {
      return this.#parts.protocol
    }
    set protocol(value: unknown) {
      this.#set('protocol', value)
    }
    get username(): string {
      return this.#parts.username
    }
    set username(value: unknown) {
      this.#set('username', value)
    }
    get password(): string {
      return this.#parts.password
    }
    set password(value: unknown) {
      this.#set('password', value)
    }
    get host(): string {
      return this.#parts.host
    }
    set host(value: unknown) {
      this.#set('host', value)
    }
    get hostname(): string {
      return this.#parts.hostname
    }
    set hostname(value: unknown) {
      this.#set('hostname', value)
    }
    get port(): string {
      return this.#parts.port
    }
    set port(value: unknown) {
      this.#set('port', value)
    }
    get pathname(): string {
      return this.#parts.pathname
    }
    set pathname(value: unknown) {
      this.#set('pathname', value)
    }
    get search(): string {
      return this.#parts.search
    }
    set search(value: unknown) {
      this.#set('search', value)
    }
    get searchParams(): InstanceType<SearchParams['URLSearchParams']> {
      this.#params ??= createParams(this.#parts.search, (query) => {
        const parts = callHost('set', [this.#parts.href, 'search', query])
        if (parts) this.#parts = parts
      })
      return this.#params
    }
    get hash(): string {
      return this.#parts.hash
    }
    set hash(value: unknown) {
      this.#set('hash', value)
    }
    toString(): string {
      return this.#parts.href
    }
    toJSON(): string {
      return this.#parts.href
    }
  }
  defineWebClass(p, URL, 'URL')
  return URL

  function parseParts(url: unknown, base: unknown): UrlParts | undefined {
    const first = wellFormed(url)
    return callHost('parse', base === undefined ? [first] : [first, wellFormed(base)])
  }

  function callHost(op: string, args: readonly string[]): UrlParts | undefined {
    let json = ''
    for (let index = 0; index < args.length; index++) json += `${index > 0 ? ',' : ''}${p.JSONStringify(args[index])}`
    const answer = p.JSONParse(host.parseUrl(op, `[${json}]`)) as UrlParts
    return p.ObjectHasOwn(answer, 'error') ? undefined : answer
  }

  function wellFormed(value: unknown): string {
    return urlTextOf(p, value)
  }

  function missingUrl(): Error {
    return withDetails(new p.TypeError('The "url" argument must be specified'), ['code', 'ERR_MISSING_ARGS'])
  }

  function invalid(input: string, base: unknown): Error {
    const details = ['code', 'ERR_INVALID_URL', 'input', input]
    if (base !== undefined) {
      p.arrayPush(details, 'base')
      p.arrayPush(details, textOf(base))
    }
    return withDetails(new p.TypeError('Invalid URL'), details)
  }

  function withDetails(error: Error, details: readonly string[]): Error {
    for (let index = 0; index < details.length; index += 2) {
      p.ReflectDefineProperty(error, details[index] as string, {
        // @ts-expect-error the prototype of a literal is not part of its type
        __proto__: null,
        value: details[index + 1],
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    return error
  }
}
