/** Correct values of options for error messages, written as code, as variables, or as lines of a file. */
import { defaultRequestLimits, newExecutionId } from '@codemode/shared'
import { variableOf } from '@codemode/shared/internal'

import type { OptionPath } from './options.ts'
import { secretOptions } from './schema.ts'

/** Option with a correct value. */
export interface Field {
  readonly path: OptionPath
  readonly value: string | number | boolean | Source
}

/** Value that only code can express. */
interface Source {
  readonly source: string
}

const examples: Readonly<Record<string, Field['value']>> = {
  executorUrl: 'http://localhost:8001',
  executorApiKey: 'the key that the executor gave you',
  executor: { source: 'new ExecutorClient({ executorUrl, executorApiKey })' },
  tools: { source: '{ weather: ({ city }) => forecast(city) }' },
  toolsModule: './tools.js',
  'toolServer.port': 8002,
  'toolServer.host': '127.0.0.1',
  'toolServer.url': 'https://app.example/tools',
  'toolServer.secret': 'at least 32 characters, best random',
  'retry.maxAttempts': 3,
  'retry.backoffBaseMs': 100,
  'retry.backoffMaxMs': 5_000,
  requestTimeoutMs: 45_000,
  connectTimeoutMs: 5_000,
  concurrency: 10,
  'concurrency.min': 1,
  'concurrency.max': 10,
  'rateLimit.requests': 100,
  'rateLimit.perMs': 1_000,
  maxPending: 10_000,
  warningsAsErrors: true,
  logger: { source: 'console' },
  logLevel: 'info',
  correlationIdPrefix: 'my-app',
  availableTools: { source: "['weather']" },
  input: { source: "{ city: 'Oslo' }" },
  context: { source: "{ clientId: 'c1' }" },
  config: { source: "{ units: 'metric' }" },
  label: 'a name for the run history',
  correlationId: 'my-app-0123456789abcdef',
  priority: 0,
  detached: true,
  expiresAfterMs: 7 * 86_400_000,
  id: newExecutionId(0),
  idempotencyKey: 'order 4711',
  servedBy: 'resume',
  'notify.url': 'https://app.example/webhooks/codemode',
  'notify.secret': { source: 'process.env.CODEMODE_WEBHOOK_SECRET' },
  'notify.events': { source: "['finished']" },
  onApproval: { source: '(approval) => ({ approve: approval.input.amount < 100 })' },
  signal: { source: 'AbortSignal.timeout(60_000)' },
  ...defaultRequestLimits,
}

export const requiredFields: readonly Field[] = [...fieldsAt(['executorUrl']), ...fieldsAt(['executorApiKey'])]

/** Returns the option at this path with its example, or the options inside it if it has none of its own. */
export function fieldsAt(path: OptionPath): Field[] {
  const name = path.join('.')
  const isWhole = Object.hasOwn(examples, name)
  const fields = Object.entries(examples).filter(([option]) =>
    isWhole ? option === name : option.startsWith(`${name}.`),
  )
  return fields.map(([option, value]) => ({ path: option.split('.'), value }))
}

/**
 * Returns the source of a call with one options object over several lines; without the object if there are no options.
 */
export function asCall(callee: string, fields: readonly Field[], before = ''): string {
  if (fields.length === 0) return `${callee}(${before.replace(/, $/, '')})`
  const options = groupsOf(fields).map(([name, group]) => {
    const [first] = group
    if (first?.path.length === 1) return `${name}: ${asCode(first)},`
    return `${name}: { ${group.map((field) => `${field.path[1]}: ${asCode(field)}`).join(', ')} },`
  })
  return `${callee}(${before}{\n${options.map((line) => `  ${line}\n`).join('')}})`
}

/** Returns the options as lines for the environment, without those that only code can give. */
export function asVariables(fields: readonly Field[]): string {
  return fields.flatMap(({ path, value }) => (isSource(value) ? [] : [`${variableOf(path)}=${value}`])).join('\n')
}

/** Returns the options as lines of a YAML file, without those that only code can give. */
export function asYaml(fields: readonly Field[]): string {
  const lines = groupsOf(fields).flatMap(([name, group]) => {
    const written = group.filter(({ value }) => !isSource(value))
    if (written[0]?.path.length === 1) return [`${name}: ${inYaml(written[0])}`]
    return written.length === 0 ? [] : [`${name}:`, ...written.map((field) => `  ${field.path[1]}: ${inYaml(field)}`)]
  })
  return lines.join('\n')
}

/** Groups the fields by their top-level option, without duplicates. */
function groupsOf(fields: readonly Field[]): [string, Field[]][] {
  const unique = new Map(fields.map((field) => [field.path.join('.'), field]))
  const groups = new Map<string, Field[]>()
  for (const field of unique.values()) {
    const name = field.path[0] ?? ''
    groups.set(name, [...(groups.get(name) ?? []), field])
  }
  return [...groups]
}

const isSource = (value: Field['value']): value is Source => typeof value === 'object'

const isSecret = ({ path }: Field): boolean => secretOptions.includes(path.join('.'))

function asCode(field: Field): string {
  const { path, value } = field
  if (isSecret(field)) return `process.env.${variableOf(path)}`
  if (isSource(value)) return value.source
  if (typeof value === 'number') return value.toLocaleString('en-US').replaceAll(',', '_')
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function inYaml(field: Field): string {
  if (isSecret(field)) return `\${${variableOf(field.path)}}`
  return isSource(field.value) ? field.value.source : String(field.value)
}
