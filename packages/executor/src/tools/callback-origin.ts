import { isLoopbackAddress } from './private-addresses.ts'

/** An entry of the callback allow-list. */
export interface CallbackOrigin {
  /** Normalised form of the entry, such as `https://app.example:8443`, `https://*.example` or `https://*`. */
  readonly text: string
  /** Whether the entry is a pattern. A pattern covers many hosts, so private addresses stay refused behind it. */
  readonly isPattern: boolean
  matches(url: URL): boolean
}

/**
 * Parses an entry of `CODEMODE_CALLBACK_ORIGINS`: an http or https origin, whose host may begin with `*.` (any
 * subdomain) or be `*` (any host). Returns the problem for anything else, as a text that follows the entry.
 */
export function parseCallbackOrigin(text: string): CallbackOrigin | string {
  const url = URL.parse(text)
  if (url === null || !isHttp(url)) return 'does not begin with http:// or https:// and a host'
  if (url.username !== '' || url.password !== '') return 'has a user name or a password'
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'has more than scheme, host and port'
  const pattern = /^\*(?:\.[^*]+)?$/.test(url.hostname)
  if (!pattern && url.hostname.includes('*')) return 'has a * that is not the whole first part of the host'
  const suffix = url.hostname.slice(1)
  return {
    text: url.origin,
    isPattern: pattern,
    matches: (candidate) =>
      pattern
        ? candidate.protocol === url.protocol && candidate.port === url.port && candidate.hostname.endsWith(suffix)
        : candidate.origin === url.origin,
  }
}

/** Returns whether a URL's scheme is one that callbacks may have. */
export function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

/** Returns whether a URL names this machine: by `localhost` or by a literal loopback address. */
export function isLoopbackHost(url: URL): boolean {
  return url.hostname === 'localhost' || isLoopbackAddress(bareHost(url.hostname))
}

/** Returns a URL's host name without the brackets of a literal IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
