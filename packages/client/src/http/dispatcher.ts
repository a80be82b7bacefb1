import { Agent, EnvHttpProxyAgent, Pool, type buildConnector, type Dispatcher } from 'undici'

import type { ProxyVariable, ProxyVariables } from '../config/proxy-variables.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ProxyConnectError, type NamedProxy } from './proxy-error.ts'

interface DispatcherOptions {
  /** The executor's; no other origin is requested. */
  readonly origin: string
  readonly connectTimeoutMs: number
  readonly proxies: ProxyVariables | undefined
}

/** The connections to one executor. */
export interface ExecutorDispatcher {
  readonly dispatcher: Dispatcher
  /** The proxy for that executor, unless NO_PROXY names the executor. */
  readonly proxy: NamedProxy | undefined
}

/**
 * Makes the connections to one executor, through the proxy that the environment names for it. An executor at an http URL is
 * requested from the proxy, one at an https URL through a tunnel (CONNECT). Throws a ConfigurationError for a wrong proxy.
 */
export function createDispatcher({ origin, connectTimeoutMs, proxies }: DispatcherOptions): ExecutorDispatcher {
  // Nothing but connecting has a clock of undici's own: the request's signal is the clock.
  const clocks = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 }
  const variable = origin.startsWith('https:') ? proxies?.https : proxies?.http
  if (proxies === undefined || variable === undefined) {
    return { dispatcher: new Agent({ ...clocks, connect: { timeout: connectTimeoutMs } }), proxy: undefined }
  }
  const url = parsed(variable)
  const proxied = (connect: Connect, headersTimeout: number) =>
    new Pool(url.origin, { ...clocks, headersTimeout, connect: tellingOfProxy(connect) })
  try {
    const dispatcher = new EnvHttpProxyAgent({
      ...clocks,
      connectTimeout: connectTimeoutMs,
      httpProxy: url.href,
      httpsProxy: url.href,
      noProxy: proxies.noProxy,
      // The connections that tunnels begin with; without a limit, a proxy that is silent would be waited for in vain.
      clientFactory: (_, { connect }: ProxyPoolOptions) => proxied(connect, connectTimeoutMs),
      // Undici gives the connections to a proxy none of the options above.
      factory: (to, options) =>
        new URL(to).origin === url.origin ? proxied((options as ProxyPoolOptions).connect, 0) : new Pool(to, options),
    })
    return { dispatcher, proxy: { origin: url.origin, variable: variable.variable } }
  } catch {
    // The reason may have the credentials in it.
    throw wrongProxy(variable)
  }
}

type Connect = buildConnector.connector

interface ProxyPoolOptions {
  readonly connect: Connect
}

function tellingOfProxy(connect: Connect): Connect {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket)
      else callback(new ProxyConnectError('The proxy could not be reached', { cause: error }), null)
    })
}

function parsed(variable: ProxyVariable): URL {
  const url = URL.parse(variable.url)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw wrongProxy(variable)
  return url
}

function wrongProxy({ variable }: ProxyVariable): ConfigurationError {
  return new ConfigurationError(
    `${variable} is not the http or https URL of a proxy, and Node's setting (NODE_USE_ENV_PROXY or --use-env-proxy) asks to use it.`,
    `${variable}=http://proxy.example:3128`,
  )
}
