/** Reads a client's configuration from the environment; the only reader of `process.env`. */
import { env as processEnv } from 'node:process'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { logLevels, type LogLevel } from '../insight/logger.ts'
import type { ConfigOrigin } from './config-error.ts'
import { resolveConfig, type ClientConfig, type ResolvedConfig } from './schema.ts'

const text = (value: string): string => value
/** What is no number stays text, so that the schema can say so. */
const number = (value: string): unknown => (/^\d+$/.test(value.trim()) ? Number(value) : value)

const variables = {
  executorUrl: ['CODEMODE_EXECUTOR_URL', text],
  executorApiKey: ['CODEMODE_EXECUTOR_API_KEY', text],
  requestTimeoutMs: ['CODEMODE_REQUEST_TIMEOUT_MS', number],
  connectTimeoutMs: ['CODEMODE_CONNECT_TIMEOUT_MS', number],
  executionTimeoutMs: ['CODEMODE_EXECUTION_TIMEOUT_MS', number],
  cpuTimeoutMs: ['CODEMODE_CPU_TIMEOUT_MS', number],
  toolTimeoutMs: ['CODEMODE_TOOL_TIMEOUT_MS', number],
  queueTimeoutMs: ['CODEMODE_QUEUE_TIMEOUT_MS', number],
  memoryLimitMb: ['CODEMODE_MEMORY_LIMIT_MB', number],
  correlationIdPrefix: ['CODEMODE_CORRELATION_ID_PREFIX', text],
} as const

const toolServerVariables = {
  port: ['CODEMODE_TOOL_SERVER_PORT', number],
  host: ['CODEMODE_TOOL_SERVER_HOST', text],
  url: ['CODEMODE_TOOL_SERVER_URL', text],
  secret: ['CODEMODE_TOOL_SERVER_SECRET', text],
} as const

const envOrigin: ConfigOrigin = {
  nameOf: (option) => (isVariable(option) ? variables[option][0] : option),
  correct: (options) =>
    [...new Set(['executorUrl', 'executorApiKey', ...options])].flatMap((option) => envLines(option)).join('\n'),
}

/** The configuration of the environment, under the given one. An empty variable counts as not set. */
export function configFromEnv(
  given: Partial<ClientConfig> = {},
  env: Readonly<Record<string, string | undefined>> = processEnv,
): ResolvedConfig {
  const toolServer = { ...read(toolServerVariables, env), ...given.toolServer }
  const config = { ...read(variables, env), ...given }
  return resolveConfig(Object.keys(toolServer).length > 0 ? { ...config, toolServer } : config, envOrigin)
}

type Variables = Readonly<Record<string, readonly [name: string, parse: (value: string) => unknown]>>

function read(variables: Variables, env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const set = Object.entries(variables).flatMap(([option, [name, parse]]) => {
    const value = env[name]
    return value === undefined || value === '' ? [] : [[option, parse(value)] as const]
  })
  return Object.fromEntries(set)
}

function isVariable(option: string): option is keyof typeof variables {
  return Object.hasOwn(variables, option)
}

const examples: Readonly<Record<string, string>> = {
  executorUrl: 'http://localhost:8001',
  executorApiKey: 'the key that the executor gave you',
  correlationIdPrefix: 'my-app',
  requestTimeoutMs: '45000',
  connectTimeoutMs: '5000',
  executionTimeoutMs: '30000',
  cpuTimeoutMs: '5000',
  toolTimeoutMs: '30000',
  queueTimeoutMs: '10000',
  memoryLimitMb: '128',
}

function envLines(option: string): string[] {
  if (option === 'toolServer') {
    return ['CODEMODE_TOOL_SERVER_PORT=8002', 'CODEMODE_TOOL_SERVER_URL=https://app.example/tools']
  }
  return isVariable(option) ? [`${variables[option][0]}=${examples[option]}`] : []
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
