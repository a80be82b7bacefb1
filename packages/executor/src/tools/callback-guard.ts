// SSRF protection: the boundary between a tenant's URL, of a callback or of a receiver of notifications, and the
// executor's own network. A URL is checked when it arrives. The addresses of its host are checked when they are looked up, and again after connecting, so that no
// change between time of check and time of use goes unnoticed.
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { RequestError } from '@codemode/shared'
import { Agent, buildConnector, type Dispatcher } from 'undici'

import { bareHost, isHttp, isLoopbackHost, parseCallbackOrigin } from './callback-origin.ts'
import { isLoopbackAddress, isPrivateAddress } from './private-addresses.ts'

const connectTimeoutMs = 5_000
/** Maximum milliseconds for which a server may ask to keep its connections. */
const keepAliveMaxMs = 30_000

interface CallbackGuardOptions {
  /** The allow-list, in the form that `parseCallbackOrigin` reads. */
  readonly origins: readonly string[]
  /** Whether http and https origins on this machine are allowed, on any port; for development. */
  readonly allowLoopback: boolean
  /** Field of the request with the URLs: `callback` by default. */
  readonly field?: 'callback' | 'notify'
  /** Function that looks up host names; the system's resolver by default. */
  readonly lookup?: typeof systemLookup
}

/** SSRF protection for callbacks or notifications: decides which URLs are allowed and which addresses are connected to. */
export interface CallbackGuard {
  /**
   * Throws `RequestError` CALLBACK_FORBIDDEN for a URL that the configuration does not allow. The suggestion depends on whether
   * the execution is detached.
   */
  check(url: string, options?: { readonly isDetached?: boolean | undefined }): void
  /**
   * Creates an agent that connects to allowed origins only, and to no private address unless its origin is listed by
   * name or `allowLoopback` covers it. Its only timeout is that for connecting. The caller closes it.
   */
  createAgent(): Dispatcher
}

/** Error in place of a connection that the guard refuses. */
export class AddressForbiddenError extends Error {
  override readonly name = 'AddressForbiddenError'
}

/**
 * Addresses that an allowed origin may resolve to: `listed` any, `loopback` only this machine's, `public` none that is
 * private.
 */
type Policy = 'listed' | 'loopback' | 'public'

const permits: Record<Policy, (address: string) => boolean> = {
  listed: () => true,
  loopback: isLoopbackAddress,
  public: (address) => !isPrivateAddress(address),
}

/** Creates the guard for one configuration. */
export function createCallbackGuard({
  origins,
  allowLoopback,
  field = 'callback',
  lookup = systemLookup,
}: CallbackGuardOptions): CallbackGuard {
  const allowed = origins.map(parseCallbackOrigin).filter((origin) => typeof origin !== 'string')

  function policyOf(url: URL): Policy | undefined {
    if (!isHttp(url)) return undefined
    const matching = allowed.filter((origin) => origin.matches(url))
    if (matching.some((origin) => !origin.isPattern)) return 'listed'
    if (allowLoopback && isLoopbackHost(url)) return 'loopback'
    return matching.length > 0 ? 'public' : undefined
  }

  const connectors = {
    listed: guardedConnector(permits.listed, lookup),
    loopback: guardedConnector(permits.loopback, lookup),
    public: guardedConnector(permits.public, lookup),
  }

  return {
    check(text, { isDetached = false } = {}) {
      const kind = field === 'callback' && isDetached ? 'detachedCallback' : field
      const forbidden = (problem: string, origin?: string) => forbiddenUrl(kind, problem, origin)
      const url = URL.parse(text)
      if (url === null || !isHttp(url)) throw forbidden('is not an http or https URL')
      if (url.username !== '' || url.password !== '') throw forbidden('has a user name or a password in it')
      const policy = policyOf(url)
      if (policy === undefined) {
        throw forbidden(`has the origin "${url.origin}", which is not an allowed origin of this executor`, url.origin)
      }
      const host = bareHost(url.hostname)
      if (isIP(host) !== 0 && !permits[policy](host)) {
        throw forbidden(`has the private address "${host}", which must be listed as an origin of its own`, url.origin)
      }
    },
    createAgent: () =>
      new Agent({
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveMaxTimeout: keepAliveMaxMs,
        connect: (options, callback) => {
          const url = URL.parse(`${options.protocol}//${options.host}`)
          const policy = url === null ? undefined : policyOf(url)
          if (policy === undefined)
            callback(new AddressForbiddenError(`the origin ${options.protocol}//${options.host} is not allowed`), null)
          else connectors[policy](options, callback)
        },
      }),
  }
}

function guardedConnector(
  permitted: (address: string) => boolean,
  lookup: typeof systemLookup,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(permitted, lookup),
  })
  return (options, callback) => {
    const host = bareHost(options.hostname)
    if (isIP(host) !== 0 && !permitted(host)) {
      callback(new AddressForbiddenError(`the address ${host} is not allowed`), null)
      return
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) callback(error, null)
      else if (permitted(socket.remoteAddress ?? '')) callback(null, socket)
      else {
        socket.destroy()
        callback(new AddressForbiddenError(`the connected address ${socket.remoteAddress} is not allowed`), null)
      }
    })
  }
}

/**
 * Returns a lookup that fails if any resolved address is not permitted, so that a permitted one lets no other through.
 */
function guardedLookup(permitted: (address: string) => boolean, lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? []
      if (error !== null) callback(error, '', 0)
      else if (first === undefined || !addresses.every(({ address }) => permitted(address))) {
        callback(new AddressForbiddenError(`the name ${hostname} resolves to an address that is not allowed`), '', 0)
      } else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

const suggestions = {
  callback: (origin: string) =>
    `Add the origin on the executor: CODEMODE_CALLBACK_ORIGINS=${origin} (several are separated by commas). Or omit callback and accept a stream with "accept: text/event-stream".`,
  detachedCallback: (origin: string) =>
    `Add the origin on the executor: CODEMODE_CALLBACK_ORIGINS=${origin} (several are separated by commas). Or submit with servedBy: 'resume', and serve the tools with codemode.resume(id).`,
  notify: (origin: string) =>
    `Add the origin on the executor: CODEMODE_NOTIFY_ORIGINS=${origin} (several are separated by commas).`,
}

function forbiddenUrl(kind: keyof typeof suggestions, problem: string, origin: string | undefined): RequestError {
  const field = kind === 'notify' ? 'notify' : 'callback'
  return new RequestError('CALLBACK_FORBIDDEN', `The ${field} URL ${problem}.`, {
    suggestion:
      origin === undefined
        ? `Give ${field}.url as an http or https URL without credentials.`
        : suggestions[kind](origin),
  })
}
