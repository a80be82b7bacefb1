import { Agent, EnvHttpProxyAgent, Pool, type buildConnector, type Dispatcher } from 'undici'

import type { ProxyVariable, ProxyVariables } from '../config/proxy-variables.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ProxyConnectError, type NamedProxy } from './proxy-error.ts'

interface DispatcherOptions {
  /** Origin of the executor, the only one that is requested. */
  readonly origin: string
  readonly connectTimeoutMs: number
  readonly proxies: ProxyVariables | undefined
}

/** Connections to one executor. */
export interface ExecutorDispatcher {
  readonly dispatcher: Dispatcher
  /** Proxy for the executor's protocol; NO_PROXY may exclude the executor from it. */
  readonly proxy: NamedProxy | undefined
}

/**
 * Creates the connections to one executor, through the proxy that the environment names for it. Requests to an http URL
 * are sent to the proxy, those to an https URL through a tunnel (CONNECT). Throws a ConfigurationError for an invalid
 * proxy.
 */
export function createDispatcher({ origin, connectTimeoutMs, proxies }: DispatcherOptions): ExecutorDispatcher {
  // Of undici's timeouts only the one for connecting is set: the request's signal limits everything else.
  const timeouts = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 }
  const variable = origin.startsWith('https:') ? proxies?.https : proxies?.http
  if (proxies === undefined || variable === undefined) {
    return { dispatcher: new Agent({ ...timeouts, connect: { timeout: connectTimeoutMs } }), proxy: undefined }
  }
  const url = proxyUrlOf(variable)
  const proxied = (connect: Connect, headersTimeout: number) =>
    new Pool(url.origin, { ...timeouts, headersTimeout, connect: withProxyErrors(connect) })
  try {
    const dispatcher = new EnvHttpProxyAgent({
      ...timeouts,
      connectTimeout: connectTimeoutMs,
      httpProxy: url.href,
      httpsProxy: url.href,
      noProxy: proxies.noProxy,
      // Makes the connections for CONNECT; without a headers timeout, a silent proxy would stall the tunnel forever.
      clientFactory: (_, { connect }: ProxyPoolOptions) => proxied(connect, connectTimeoutMs),
      // undici does not apply the options above to connections to a proxy.
      factory: (to, options) =>
        new URL(to).origin === url.origin ? proxied((options as ProxyPoolOptions).connect, 0) : new Pool(to, options),
    })
    return { dispatcher, proxy: { origin: url.origin, variable: variable.variable } }
  } catch {
    // The error is dropped, since it may contain the proxy's credentials.
    throw invalidProxy(variable)
  }
}

type Connect = buildConnector.connector

interface ProxyPoolOptions {
  readonly connect: Connect
}

/** Returns a connector whose errors say that the proxy could not be reached. */
function withProxyErrors(connect: Connect): Connect {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket)
      else callback(new ProxyConnectError('The proxy could not be reached', { cause: error }), null)
    })
}

function proxyUrlOf(variable: ProxyVariable): URL {
  const url = URL.parse(variable.url)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw invalidProxy(variable)
  return url
}

function invalidProxy({ variable }: ProxyVariable): ConfigurationError {
  return new ConfigurationError(
    `${variable} must be the http or https URL of a proxy, since NODE_USE_ENV_PROXY or --use-env-proxy asks Node to use it.`,
    `${variable}=http://proxy.example:3128`,
  )
}
