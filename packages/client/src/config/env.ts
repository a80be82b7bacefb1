/**
 * Reads the client's configuration and the proxies from the environment. No other file of the client reads
 * `process.env` or the flags of Node.
 */
import { env as processEnv, execArgv } from 'node:process'

import { isObject, nearestName, valueAt, variableOf } from '@codemode/shared/internal'

import { asVariables } from './examples.ts'
import type { Environment } from './expand.ts'
import { argumentsLayer, codeLayer, setValueAt, type Layer } from './layer.ts'
import { textOptions, type OptionPath } from './options.ts'
import { proxyVariables, type ProxyVariables } from './proxy-variables.ts'
import { resolveLayers } from './resolve.ts'
import { connectedSchema, type ClientConfig, type ResolvedConfig } from './schema.ts'

export const environment: Environment = processEnv

/** Returns the proxies that the environment names, where Node's own setting asks to use them. */
export const environmentProxies = (): ProxyVariables | undefined => proxyVariables(environment, execArgv)

/**
 * Returns the configuration that code gives. From the environment it takes `logLevel` only, if the code does not set
 * it.
 */
export function configFromCode(given: unknown, env: Environment = environment): ResolvedConfig {
  const code: Layer = {
    ...codeLayer(given, 'Codemode.fromClientConfig'),
    adviceOn: (path) => (env[variableOf(path)] ? `Codemode.fromEnv() takes it from ${variableOf(path)}` : undefined),
  }
  const layer = environmentLayer(env)
  const { logLevel } = layer.values
  const isFromEnv = logLevel !== undefined && code.values['logLevel'] === undefined
  return resolveLayers(isFromEnv ? [{ ...layer, values: { logLevel } }, code] : [code])
}

/** Returns the configuration of the environment, overridden by the given options. */
export function configFromEnv(given: Partial<ClientConfig> = {}, env: Environment = environment): ResolvedConfig {
  return resolveLayers([argumentsLayer(given, 'Codemode.fromEnv'), environmentLayer(env)])
}

/**
 * Returns the options that variables set. An empty variable counts as not set; `CODEMODE_RETRY_MAX_ATTEMPTS` overrides
 * `CODEMODE_RETRY`.
 */
export function environmentLayer(env: Environment): Layer {
  const values: Record<string, unknown> = {}
  const paths = textOptions(connectedSchema)
  for (const path of paths) {
    const text = env[variableOf(path)]
    if (text !== undefined && text !== '') setValueAt(values, path, text)
  }
  const nameOf = (path: OptionPath) => (isObject(valueAt(values, path)) ? `${variableOf(path)}_*` : variableOf(path))
  return {
    values,
    isText: true,
    nameOf,
    adviceOn: (path) => misspelt(variableOf(path), paths, env),
    correct: asVariables,
  }
}

/** Returns a question about a variable of another name that is set and may be meant for the one that is missing. */
function misspelt(variable: string, paths: readonly OptionPath[], env: Environment): string | undefined {
  const known = new Set(paths.map((path) => variableOf(path)))
  const others = Object.keys(env).filter((name) => name.startsWith('CODEMODE_') && !known.has(name))
  // The executor's variables have the shorter names.
  const ofExecutor = variable.replace('_EXECUTOR', '')
  const meant = others.includes(ofExecutor) ? ofExecutor : nearestName(variable, others)
  return meant === undefined ? undefined : `${meant} is set: is ${variable} meant?`
}
