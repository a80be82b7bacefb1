/** Reads a client's configuration from the environment; the only reader of `process.env`. */
import { env as processEnv } from 'node:process'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { logLevels, type LogLevel } from '../insight/logger.ts'
import { asVariables } from './examples.ts'
import { argumentsLayer, isRecord, putAt, valueAt, type Layer } from './layer.ts'
import { textOptions, type OptionPath } from './options.ts'
import { resolveLayers } from './resolve.ts'
import { connectedSchema, type ClientConfig, type ResolvedConfig } from './schema.ts'
import { variableOf } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const environment: Environment = processEnv

/** The configuration of the environment, under the given one. */
export function configFromEnv(given: Partial<ClientConfig> = {}, env: Environment = environment): ResolvedConfig {
  return resolveLayers([argumentsLayer(given, 'Codemode.fromEnv'), environmentLayer(env)])
}

/** What the variables say. An empty one counts as not set; `CODEMODE_RETRY_MAX_ATTEMPTS` wins over `CODEMODE_RETRY`. */
export function environmentLayer(env: Environment): Layer {
  const values: Record<string, unknown> = {}
  for (const path of textOptions(connectedSchema)) {
    const text = env[variableOf(path)]
    if (text !== undefined && text !== '') putAt(values, path, text)
  }
  const nameOf = (path: OptionPath) => (isRecord(valueAt(values, path)) ? `${variableOf(path)}_*` : variableOf(path))
  return { values, isText: true, nameOf, correct: asVariables }
}

/** What CODEMODE_LOG_LEVEL says, for all clients of this process; throws a ConfigurationError for an unknown level. */
export function logLevelFromEnv(env: Readonly<Record<string, string | undefined>> = processEnv): LogLevel | undefined {
  const given = env['CODEMODE_LOG_LEVEL']
  if (given === undefined || given === '') return undefined
  const level = logLevels.find((level) => level === given)
  if (level !== undefined) return level
  throw new ConfigurationError(
    `CODEMODE_LOG_LEVEL is ${JSON.stringify(given)}, not one of ${logLevels.join(', ')}.`,
    'CODEMODE_LOG_LEVEL=info',
  )
}
