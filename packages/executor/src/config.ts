// Reads the executor's configuration from a program, or from the environment and an optional file. Unknown options and
// invalid values are refused together in one error, with the corrected lines.
import { parseWith, variableOf, type Problem } from '@codemode/shared/internal'

import { ConfigurationError, optionNames, unknownOption, wrongValue, type Given } from './config-errors.ts'
import {
  executorOptionsSchema,
  withDefaults,
  type ExecutorConfig,
  type ExecutorConfigInput,
  type OptionName,
} from './config-options.ts'
import { parseJson } from './json-text.ts'

export { ConfigurationError, type ExecutorConfig, type ExecutorConfigInput }

const fileVariable = 'CODEMODE_CONFIG_FILE'
const prefix = 'CODEMODE_'
/** Prefix of the client's variables, which are ignored because one environment may configure both. */
const clientPrefix = 'CODEMODE_EXECUTOR_'

/** Returns the configuration of an executor that is embedded in a program. Throws `ConfigurationError`. */
export function resolveConfig(input: ExecutorConfigInput = {}): ExecutorConfig {
  return resolve(
    new Map(Object.entries(input).map(([name, value]) => [name, { source: 'code', written: name, value }])),
  )
}

/**
 * Returns the configuration that the CODEMODE_* variables set. They override the JSON file that CODEMODE_CONFIG_FILE
 * names. `isApiKeyGenerated` is true if the API key was generated, in development mode. Throws `ConfigurationError`.
 */
export function configFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): { readonly config: ExecutorConfig; readonly isApiKeyGenerated: boolean } {
  const file = env[fileVariable]
  const given = new Map([...(file ? fileOptions(file, readFile) : []), ...environmentOptions(env)])
  const config = resolve(given)
  return { config, isApiKeyGenerated: config.apiKey !== undefined && !given.has('apiKey') }
}

/** Name of an option, or an unknown name, and the value that was given. */
type Entry = readonly [name: string, given: Given]

function resolve(entries: ReadonlyMap<string, Given>): ExecutorConfig {
  const given = new Map([...entries].filter(([, { value }]) => value !== undefined))
  const values = Object.fromEntries([...given].map(([name, { value }]) => [name, value]))
  const parsed = parseWith(executorOptionsSchema, values)
  const problems = parsed.ok ? [] : parsed.problems
  const messages = [...new Set(problems.map((problem) => messageOf(problem, given))), ...keyProblems(given)]
  const config = parsed.ok ? withDefaults(parsed.value) : undefined
  if (config !== undefined) messages.push(...portProblems(config))
  if (config === undefined || messages.length > 0) throw new ConfigurationError(messages)
  return config
}

/** Options for which the message of a problem says more than the rule. */
const explainedOptions: ReadonlySet<OptionName> = new Set(['callbackOrigins', 'notifyOrigins', 'encryptionKeys'])

function messageOf(problem: Problem, given: ReadonlyMap<string, Given>): string {
  if (problem.kind === 'unknown') {
    return unknownOption(problem.nearest as OptionName | undefined, given.get(problem.name)!)
  }
  const option = problem.path[0] as OptionName
  return wrongValue(option, given.get(option)!, explainedOptions.has(option) ? problem.message : undefined)
}

function keyProblems(given: ReadonlyMap<string, Given>): string[] {
  const kinds = (['apiKey', 'apiKeysFile', 'apiKeys'] as const).filter((option) => given.has(option))
  if (kinds.length > 1) {
    return [
      `${kinds.map((kind) => given.get(kind)!.written).join(' and ')} are set. Remove all but one: CODEMODE_API_KEY (apiKey) is a single key, CODEMODE_API_KEYS_FILE (apiKeysFile) a file with the keys of several tenants, and CODEMODE_API_KEYS (apiKeys) is "store" if they are in the database.`,
    ]
  }
  if (given.has('apiKeys') && (!given.has('databaseUrl') || given.get('store')?.value === 'none')) {
    return [
      'CODEMODE_API_KEYS=store needs a database of your own: the keys cannot be in the PostgreSQL server that the executor starts itself. Set the URL of the database, and leave CODEMODE_STORE out:\n  CODEMODE_DATABASE_URL=postgres://user:password@host/database',
    ]
  }
  if (kinds.length > 0 || given.get('dev')?.value === true) return []
  return [
    [
      'No API key is set. Set one of these:',
      '  CODEMODE_API_KEY=$(openssl rand -hex 32)       one key, tenant "default"',
      '  CODEMODE_API_KEYS_FILE=./api-keys.json         keys of several tenants',
      '  CODEMODE_API_KEYS=store                        the same, in the database of CODEMODE_DATABASE_URL',
      '  CODEMODE_DEV=1                                 development mode: generates a key and prints it',
      'In a program: createExecutor({ apiKey }) or createExecutor({ dev: true }).',
    ].join('\n'),
  ]
}

function portProblems({ port, metricsPort }: ExecutorConfig): string[] {
  if (metricsPort !== port) return []
  return [
    `CODEMODE_METRICS_PORT is ${metricsPort}, which is the port of the executor (CODEMODE_PORT). Use another port for one of them.`,
  ]
}

function environmentOptions(env: Readonly<Record<string, string | undefined>>): Entry[] {
  const names = new Map(optionNames.map((option) => [variableOf([option]), option]))
  return Object.entries(env).flatMap(([variable, text]): Entry[] => {
    if (!variable.startsWith(prefix) || variable.startsWith(clientPrefix) || variable === fileVariable || !text)
      return []
    const option = names.get(variable)
    const value = option === undefined ? plainValue(text) : optionValue(option, text)
    // No option is written in upper case, so an unknown name never becomes that of an option.
    const name = option ?? variable.slice(prefix.length).toUpperCase()
    return [[name, { source: 'environment', written: variable, value }]]
  })
}

/** Values of options that are on or off, by their texts in variables. */
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'on'].map((text) => [text, true] as const),
  ...['0', 'false', 'off'].map((text) => [text, false] as const),
])

/**
 * Converts the text of a variable to the type of its option. Returns text that does not fit unchanged, so that
 * validation refuses it together with the other problems.
 */
function optionValue(option: OptionName, text: string): unknown {
  const { type } = executorOptionsSchema.shape[option].unwrap()
  if (type === 'array') return text.split(',').flatMap((item) => item.trim() || [])
  if (type === 'boolean') return booleans.get(text) ?? text
  return type === 'number' ? plainValue(text) : text
}

const plainValue = (text: string) => (/^-?\d{1,15}$/.test(text) ? Number(text) : text)

function fileOptions(path: string, readFile: (path: string) => string): Entry[] {
  const named = `${fileVariable}=${path}`
  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ConfigurationError([`${named} can't be read${code}. Correct the path, or unset the variable.`])
  }
  const parsed = parseJson(text)
  if (!parsed.ok) {
    throw new ConfigurationError([`${named} is not valid JSON: ${parsed.reason}.`])
  }
  if (typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) {
    throw new ConfigurationError([`${named} must contain a JSON object, for example:\n  { "port": 8001 }`])
  }
  return Object.entries(parsed.value).map(([name, value]) => [name, { source: 'file', written: name, value }])
}
