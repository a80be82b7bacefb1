/** Variables that name proxies, and the setting of Node that asks programs to use them. */
import type { Environment } from './expand.ts'

/** Proxy, and the variable that names it. */
export interface ProxyVariable {
  readonly variable: string
  /** URL of the proxy. It may have credentials, so no message shows it. */
  readonly url: string
}

/** Proxies for executors at http and https URLs, and the hosts that are reached without one. */
export interface ProxyVariables {
  readonly http: ProxyVariable | undefined
  readonly https: ProxyVariable | undefined
  readonly noProxy: string
}

/**
 * Returns the proxies that the environment names; undefined unless Node's setting enables them (`NODE_USE_ENV_PROXY=1`,
 * or the flag `--use-env-proxy`, which takes precedence). As in Node's own `fetch`, lower case takes precedence, and
 * `HTTP_PROXY` is used for https URLs too if there is no `HTTPS_PROXY`.
 */
export function proxyVariables(env: Environment, flags: readonly string[]): ProxyVariables | undefined {
  if (!isEnabled(env, flags)) return undefined
  const http = firstSet(env, ['http_proxy', 'HTTP_PROXY'])
  const https = firstSet(env, ['https_proxy', 'HTTPS_PROXY']) ?? http
  return { http, https, noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '' }
}

function isEnabled(env: Environment, flags: readonly string[]): boolean {
  const given = [...(env['NODE_OPTIONS'] ?? '').split(/\s+/), ...flags].map((flag) => flag.replaceAll('_', '-'))
  const last = given.findLast((flag) => proxyFlags.has(flag))
  return last === undefined ? env['NODE_USE_ENV_PROXY'] === '1' : last === '--use-env-proxy'
}

const proxyFlags: ReadonlySet<string> = new Set(['--use-env-proxy', '--no-use-env-proxy'])

function firstSet(env: Environment, names: readonly string[]): ProxyVariable | undefined {
  const variable = names.find((name) => env[name] !== undefined)
  const url = variable === undefined ? '' : env[variable]
  return variable === undefined || !url ? undefined : { variable, url }
}
