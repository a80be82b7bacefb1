import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'

import { z } from 'zod'

import { parseEncryptionKeys } from './encryption-keys.ts'
import { logLevels } from './log.ts'
import { isolationTiers } from './sandbox/jail/tiers.ts'
import { bareHost, parseCallbackOrigin } from './tools/callback-origin.ts'

const MiB = 1024 * 1024

/**
 * Texts about an option. `--help` prints the description and the rule; error messages contain the rule and the example.
 */
interface OptionMeta {
  readonly description: string
  /** Text that follows "must be" in an error message. */
  readonly rule: string
  /** A valid value. */
  readonly example: string | number | boolean | readonly string[]
}

/** Rule of an option that is on or off. */
const booleanRule = 'true (1, on) or false (0, off)'

const option = <Schema extends z.ZodType>(schema: Schema, meta: OptionMeta) => schema.meta({ ...meta }).optional()

const count = (description: string, example: number, { min = 1, max = 1_000_000 } = {}) =>
  option(z.int().min(min).max(max), { description, rule: `an integer from ${min} to ${max}`, example })

const milliseconds = (description: string, example: number, { min = 0, max = 86_400_000 } = {}) =>
  count(`${description}, in milliseconds`, example, { min, max })

const origin = z.string().transform((text, context) => {
  const parsed = parseCallbackOrigin(text)
  if (typeof parsed !== 'string') return parsed.text
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${parsed}` })
  return z.NEVER
})

/** Host name or address. The brackets of an IPv6 address in a URL are removed. */
const host = z
  .string()
  .max(255)
  .transform(bareHost)
  .refine((text) => isIP(text) !== 0 || /^[\w.-]+$/.test(text))

/** Paths that belong to other routes of the executor. */
const reservedPath = /^\/(?:v1|metrics|livez|readyz|openapi\.json)(?:\/|$)/

const consolePath = z
  .string()
  .max(256)
  .regex(/^(?:\/[\w~-][\w.~-]*)+$/)
  .refine((path) => !reservedPath.test(path))

/** Headers that have another meaning for the executor or for browsers. */
const reservedHeaders = new Set(['authorization', 'cookie', 'host', 'origin', 'content-type', 'content-length'])

const keyHeader = z
  .string()
  .max(128)
  .regex(/^[\w!#$%&'*+.^`|~-]+$/)
  .refine((name) => !reservedHeaders.has(name.toLowerCase()))

const encryptionKeys = z.array(z.string()).superRefine((texts, context) => {
  try {
    parseEncryptionKeys(texts)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

/** Schema of the options, which the environment, the configuration file and programs share. All are optional. */
export const executorOptionsSchema = z.strictObject({
  host: option(host, {
    description: 'address to listen on',
    rule: 'an address of a local network interface, without scheme and port',
    example: '127.0.0.1',
  }),
  port: count('port to listen on; 0 selects a free port', 8001, { min: 0, max: 65_535 }),
  metricsPort: count('port of its own for GET /metrics, without a key', 9464, { max: 65_535 }),
  apiKey: option(z.string().regex(/^[\x21-\x7e]{16,512}$/), {
    description: "a single API key, of tenant 'default'",
    rule: '16 to 512 visible ASCII characters without blanks',
    example: '$(openssl rand -hex 32)',
  }),
  apiKeysFile: option(z.string().min(1), {
    description: 'JSON file with API keys, which is reloaded when it changes',
    rule: 'a path',
    example: './api-keys.json',
  }),
  apiKeys: option(z.literal('store'), {
    description: 'store: the API keys are in the database of databaseUrl, instead of a file',
    rule: 'store',
    example: 'store',
  }),
  dev: option(z.boolean(), {
    description:
      'development mode: generates an API key if none is set, and allows callbacks and notifications to this machine',
    rule: booleanRule,
    example: true,
  }),
  callbackOrigins: option(z.array(origin), {
    description: 'allowed origins of callbacks',
    rule: 'a list of origins, such as https://app.example or https://*.app.example',
    example: ['https://app.example'],
  }),
  notifyOrigins: option(z.array(origin), {
    description: 'allowed origins of receivers of notifications',
    rule: 'a list of origins, such as https://app.example or https://*.app.example',
    example: ['https://app.example'],
  }),
  sandboxProcesses: count('number of sandbox processes that run code at the same time', 4, { max: 1_024 }),
  maxSandboxProcesses: count('maximum number of sandbox processes, including those in which executions only wait', 16, {
    max: 4_096,
  }),
  minIsolation: option(z.enum(isolationTiers), {
    description: 'weakest isolation with which the executor starts',
    rule: `one of ${isolationTiers.join(', ')}`,
    example: 'bubblewrap',
  }),
  isolation: option(z.enum(['tenant', 'execution']), {
    description:
      'executions that share a sandbox process: those of one tenant, or none (one process for each execution)',
    rule: 'one of tenant, execution',
    example: 'execution',
  }),
  reuseIsolates: option(z.boolean(), {
    description: 'whether an isolate serves several guests of a tenant, one after the other, each in a new context',
    rule: booleanRule,
    example: false,
  }),
  sandboxMemoryMb: count('maximum memory of all waiting executions, in MiB', 2_048, { min: 64 }),
  evictAfterMs: milliseconds('time that an execution may wait before it is evicted from memory', 30_000, { min: 1 }),
  recycleAfter: count('number of executions after which a sandbox process is replaced', 5_000),
  disconnectGraceMs: milliseconds('time after which an execution without readers is cancelled', 15_000),
  heartbeatMs: milliseconds('time without output after which an open response gets a heartbeat', 5_000, {
    min: 100,
    max: 60_000,
  }),
  logLevel: option(z.enum(logLevels), {
    description: 'lowest level that is logged',
    rule: `one of ${logLevels.join(', ')}`,
    example: 'info',
  }),
  maxRunning: count('maximum number of admitted executions, including those that wait for tools', 4_000),
  maxQueued: count('maximum number of executions that wait for admission', 4_000, { min: 0 }),
  maxRunningPerKey: count('maximum number of admitted executions of one API key', 4_000),
  maxQueuedPerKey: count('maximum number of executions of one API key that wait for admission', 2_000, { min: 0 }),
  drainMs: milliseconds('time for which running executions may continue at shutdown', 10_000),
  retainMs: milliseconds('time for which an ended execution can be read', 300_000, { min: 1 }),
  retainBytes: count('maximum memory of ended executions in bytes, which tenants share fairly', 64 * MiB, {
    max: 64 * 1024 * MiB,
  }),
  retainCount: count('maximum number of ended executions that are kept, which tenants share fairly', 10_000),
  forbidSelfApproval: option(z.boolean(), {
    description: 'whether keys of the owner of an execution may not decide about its approvals',
    rule: booleanRule,
    example: true,
  }),
  console: option(z.enum(['on', 'read-only', 'off']), {
    description: 'web console: on, without actions that change anything (read-only), or off',
    rule: 'one of on, read-only, off',
    example: 'read-only',
  }),
  consolePath: option(consolePath, {
    description: 'public path of the web console, which a proxy must not strip',
    rule: 'a path that begins with / and does not end with /, and that is none of the other paths of the executor',
    example: '/console',
  }),
  consoleKeyHeader: option(keyHeader, {
    description: 'header in which a proxy sends an API key for each person that it has signed in to the web console',
    rule: 'the name of a header that browsers and the executor do not use, such as x-codemode-console-key',
    example: 'x-codemode-console-key',
  }),
  store: option(z.enum(['postgres', 'none']), {
    description:
      'store of detached executions: PostgreSQL (of databaseUrl, or a server that the executor starts), or none',
    rule: 'one of postgres, none',
    example: 'none',
  }),
  dataDir: option(z.string().min(1), {
    description: 'folder of the PostgreSQL server that the executor starts if there is no databaseUrl',
    rule: 'a path',
    example: '/var/lib/codemode',
  }),
  databaseUrl: option(z.string().regex(/^postgres(?:ql)?:\/\/./), {
    description: 'PostgreSQL database of detached executions, which several executors may share',
    rule: 'a URL that begins with postgres://',
    example: 'postgres://codemode:secret@db.internal/codemode',
  }),
  encryptionKeys: option(encryptionKeys, {
    description: 'keys that encrypt the content of detached executions in the database; the first one encrypts',
    rule: 'a list of id:key, each key 32 bytes in base64 (openssl rand -base64 32)',
    example: ['2027:<the key>'],
  }),
  databaseConnections: count('maximum number of connections to the database', 10, { min: 2, max: 1_000 }),
  maxRunningDetached: count('maximum number of detached executions that run on this node at once', 200),
  parkAfterMs: milliseconds('shortest time to its next timer for which a detached execution is parked', 5_000),
  recordAttached: option(z.boolean(), {
    description: 'whether attached executions are recorded in the store when they have ended',
    rule: booleanRule,
    example: false,
  }),
  retainDetachedMs: milliseconds('time for which an ended execution can be read from the store', 604_800_000, {
    min: 1_000,
    max: 31_536_000_000,
  }),
})

/** Options of `createExecutor`. Each has a default, but one of `apiKey`, `apiKeysFile`, `apiKeys` and `dev` must be set. */
export type ExecutorConfigInput = z.input<typeof executorOptionsSchema>

/** Name of an option. */
export type OptionName = keyof ExecutorConfigInput

/** Options that have no default. */
type OptionalName = 'metricsPort' | 'apiKey' | 'apiKeysFile' | 'apiKeys' | 'databaseUrl' | 'consoleKeyHeader'
type Options = z.output<typeof executorOptionsSchema>

/** Configuration with its defaults applied; exactly one of `apiKey`, `apiKeysFile` and `apiKeys` is set. */
export type ExecutorConfig = { readonly [Name in Exclude<OptionName, OptionalName>]-?: NonNullable<Options[Name]> } & {
  readonly [Name in OptionalName]: Options[Name] | undefined
}

/** Applies the defaults to valid options. In development mode, generates an API key if none is set. */
export function withDefaults(options: Options): ExecutorConfig {
  const dev = options.dev ?? false
  const { apiKey, apiKeysFile, apiKeys } = options
  const isKeyMissing = apiKey === undefined && apiKeysFile === undefined && apiKeys === undefined
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8001,
    metricsPort: options.metricsPort,
    apiKey: isKeyMissing && dev ? newApiKey() : apiKey,
    apiKeysFile,
    apiKeys,
    dev,
    callbackOrigins: options.callbackOrigins ?? [],
    notifyOrigins: options.notifyOrigins ?? [],
    sandboxProcesses: options.sandboxProcesses ?? availableParallelism(),
    maxSandboxProcesses:
      options.maxSandboxProcesses ?? defaultMaxProcesses(options.sandboxProcesses ?? availableParallelism()),
    minIsolation: options.minIsolation ?? 'permissions',
    isolation: options.isolation ?? 'tenant',
    reuseIsolates: options.reuseIsolates ?? true,
    sandboxMemoryMb: options.sandboxMemoryMb ?? defaultSandboxMemoryMb(),
    evictAfterMs: options.evictAfterMs ?? 30_000,
    recycleAfter: options.recycleAfter ?? 5_000,
    disconnectGraceMs: options.disconnectGraceMs ?? 15_000,
    heartbeatMs: options.heartbeatMs ?? 5_000,
    logLevel: options.logLevel ?? 'info',
    maxRunning: options.maxRunning ?? 4_000,
    maxQueued: options.maxQueued ?? 4_000,
    maxRunningPerKey: options.maxRunningPerKey ?? 4_000,
    maxQueuedPerKey: options.maxQueuedPerKey ?? 2_000,
    drainMs: options.drainMs ?? 10_000,
    retainMs: options.retainMs ?? 300_000,
    retainBytes: options.retainBytes ?? 64 * MiB,
    retainCount: options.retainCount ?? 10_000,
    console: options.console ?? 'on',
    consolePath: options.consolePath ?? '/console',
    consoleKeyHeader: options.consoleKeyHeader,
    store: options.store ?? 'postgres',
    dataDir: options.dataDir ?? '.codemode',
    databaseUrl: options.databaseUrl,
    encryptionKeys: options.encryptionKeys ?? [],
    databaseConnections: options.databaseConnections ?? 10,
    maxRunningDetached: options.maxRunningDetached ?? 200,
    forbidSelfApproval: options.forbidSelfApproval ?? false,
    parkAfterMs: options.parkAfterMs ?? 5_000,
    recordAttached: options.recordAttached ?? true,
    retainDetachedMs: options.retainDetachedMs ?? 604_800_000,
  }
}

/** Returns the default of `maxSandboxProcesses`, which leaves processes for other tenants when one uses all slots. */
function defaultMaxProcesses(sandboxProcesses: number): number {
  return Math.max(16, sandboxProcesses * 8)
}

/** Returns the default of `sandboxMemoryMb`: a quarter of the memory that this process may use, at least 256 MiB. */
function defaultSandboxMemoryMb(): number {
  const bytes = Math.min(totalmem(), constrainedMemory() || Infinity)
  return Math.max(256, Math.floor(bytes / 4 / MiB))
}

/** Returns a new API key of 192 random bits. */
export function newApiKey(): string {
  return `cmk_${randomBytes(24).toString('hex')}`
}
