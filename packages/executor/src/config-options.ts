import { randomBytes } from 'node:crypto'
import { availableParallelism, totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'

import { z } from 'zod'

import { logLevels } from './log.ts'
import { isolationTiers } from './sandbox/jail/tiers.ts'
import { parseCallbackOrigin } from './tools/callback-origin.ts'

const MiB = 1024 * 1024

/** Description of an option: the rule for its values, as errors and `--help` print it, and a valid example. */
interface OptionMeta {
  readonly rule: string
  readonly example: string | number | boolean | readonly string[]
}

const option = <Schema extends z.ZodType>(schema: Schema, meta: OptionMeta) => schema.meta({ ...meta }).optional()

const count = (rule: string, example: number, { min = 1, max = 1_000_000 } = {}) =>
  option(z.int().min(min).max(max), { rule: `${rule}: an integer from ${min} to ${max}`, example })

const milliseconds = (rule: string, example: number) =>
  count(`${rule}, in milliseconds`, example, { min: 0, max: 86_400_000 })

const callbackOrigin = z.string().transform((text, refusal) => {
  const origin = parseCallbackOrigin(text)
  if (origin !== undefined) return origin.text
  refusal.addIssue({ code: 'custom', message: 'is not an origin' })
  return z.NEVER
})

/** Schema of the options, which the environment, the configuration file and programs share. All are optional. */
export const executorOptionsSchema = z.strictObject({
  host: option(z.string().min(1).max(255), { rule: 'the address to listen on', example: '127.0.0.1' }),
  port: option(z.int().min(0).max(65_535), {
    rule: 'an integer from 0 to 65535; 0 picks a free port',
    example: 8001,
  }),
  apiKey: option(z.string().regex(/^[\x21-\x7e]{16,512}$/), {
    rule: "the one API key, of tenant 'default': 16 to 512 visible ASCII characters without blanks",
    example: '$(openssl rand -hex 32)',
  }),
  apiKeysFile: option(z.string().min(1), {
    rule: 'the path of a JSON file with API keys; it is read again when it changes',
    example: './api-keys.json',
  }),
  dev: option(z.boolean(), {
    rule: '1 for development: makes an API key if none is set, and allows callbacks to this machine',
    example: true,
  }),
  callbackOrigins: option(z.array(callbackOrigin), {
    rule: 'origins that tools may be called at, such as https://app.example or https://*.app.example',
    example: ['https://app.example'],
  }),
  sandboxProcesses: count('sandbox processes that run code at the same time', 4, { max: 1_024 }),
  maxSandboxProcesses: count('sandbox processes in all, those in which executions only wait included', 16, {
    max: 4_096,
  }),
  minIsolation: option(z.enum(isolationTiers), {
    rule: `the weakest isolation to start with, one of ${isolationTiers.join(', ')}`,
    example: 'bubblewrap',
  }),
  isolation: option(z.enum(['tenant', 'execution']), {
    rule: "who shares a sandbox process: 'tenant' for the executions of one tenant, 'execution' for none",
    example: 'execution',
  }),
  sandboxMemoryMb: count('what waiting executions may keep in memory in all, in MiB', 2_048, { min: 64 }),
  evictAfterMs: count('how long an execution waits before it is taken out of memory, in milliseconds', 30_000, {
    max: 86_400_000,
  }),
  recycleAfter: count('executions after which a sandbox process is replaced', 5_000),
  disconnectGraceMs: milliseconds('how long an execution without readers goes on', 15_000),
  heartbeatMs: count('milliseconds without output after which an open answer gets a sign of life', 5_000, {
    min: 100,
    max: 60_000,
  }),
  logLevel: option(z.enum(logLevels), { rule: `one of ${logLevels.join(', ')}`, example: 'info' }),
  maxRunning: count('executions admitted at once, waiting ones included', 4_000),
  maxQueued: count('executions that may wait for admission', 4_000, { min: 0 }),
  maxRunningPerKey: count("one key's executions admitted at once", 4_000),
  maxQueuedPerKey: count("one key's executions that may wait for admission", 2_000, { min: 0 }),
  drainMs: milliseconds('how long running executions may go on at shutdown', 10_000),
  retainMs: count('how long an ended execution can be read, in milliseconds', 300_000, { max: 86_400_000 }),
  retainBytes: count('bytes of memory for ended executions, which the tenants share fairly', 64 * MiB, {
    max: 64 * 1024 * MiB,
  }),
  retainCount: count('ended executions that are kept, which the tenants share fairly', 10_000),
})

/** Options of `createExecutor`. Each has a default, but one of `apiKey`, `apiKeysFile` and `dev` must be set. */
export type ExecutorConfigInput = z.input<typeof executorOptionsSchema>

/** Name of an option. */
export type OptionName = keyof ExecutorConfigInput

type Keys = 'apiKey' | 'apiKeysFile'
type Options = z.output<typeof executorOptionsSchema>

/** Configuration with its defaults applied; exactly one of `apiKey` and `apiKeysFile` is set. */
export type ExecutorConfig = { readonly [Name in Exclude<OptionName, Keys>]-?: NonNullable<Options[Name]> } & {
  readonly [Name in Keys]: string | undefined
}

/** Applies the defaults to valid options. In development mode, generates an API key if none is set. */
export function withDefaults(options: Options): ExecutorConfig {
  const dev = options.dev ?? false
  const keyIsMissing = options.apiKey === undefined && options.apiKeysFile === undefined
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8001,
    apiKey: keyIsMissing && dev ? newApiKey() : options.apiKey,
    apiKeysFile: options.apiKeysFile,
    dev,
    callbackOrigins: options.callbackOrigins ?? [],
    sandboxProcesses: options.sandboxProcesses ?? availableParallelism(),
    maxSandboxProcesses:
      options.maxSandboxProcesses ?? defaultMaxProcesses(options.sandboxProcesses ?? availableParallelism()),
    minIsolation: options.minIsolation ?? 'permissions',
    isolation: options.isolation ?? 'tenant',
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

function newApiKey(): string {
  return `cmk_${randomBytes(24).toString('hex')}`
}
