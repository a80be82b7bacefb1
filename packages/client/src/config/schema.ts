/**
 * The client's configuration: one schema for arguments, environment and file. Options that are text, a number or a
 * boolean have a variable by their name (`variableOf`), and may be written in a file; the others can only be given in
 * code.
 */
import { pathToFileURL } from 'node:url'

import { clientTimeouts, maxTimerMs, requestLimitsSchema } from '@codemode/shared'
import { z } from 'zod'

import type { OnApproval } from '../approvals/ask-client.ts'
import type { Executor } from '../executor.ts'
import { logLevels, type Logger } from '../insight/logger.ts'
import type { ToolLike } from '../tools/define.ts'

/** Options that no message, log or JSON shows. */
export const secretOptions: readonly string[] = ['executorApiKey', 'toolServer.secret']

const logMethods = ['debug', 'info', 'warn', 'error'] as const

/** Milliseconds from 1 to the longest delay of a timer. */
export const milliseconds = z.int().min(1).max(maxTimerMs)
const { cpuTimeoutMs, executionTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb, maxToolCalls } =
  requestLimitsSchema.shape

/** Returns the schema of a URL with a scheme of HTTP. A URL that lacks the scheme is corrected. */
function httpUrl(example: string): z.ZodString {
  return z.string().superRefine((text, context) => {
    if (isHttpUrl(text)) return
    const withScheme = `http://${text}`
    const isCorrected = /^[\w.-]+:\d+(?:\/[\w./-]*)?$/.test(text) && isHttpUrl(withScheme)
    const message = `must be a URL with http: or https:, such as ${example}`
    context.addIssue({
      code: 'custom',
      message,
      continue: false,
      params: { corrected: isCorrected ? withScheme : undefined },
    })
  })
}

const isHttpUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? '')

/** The client appends `/v1/…` to this URL. Its path may have the prefix under which a gateway serves the executor. */
const executorUrl = httpUrl('http://localhost:8001')
  .refine(
    (url) => {
      const { username, password, search, hash } = new URL(url)
      return username + password + search + hash === ''
    },
    { error: 'must not have credentials, a query or a fragment', abort: true },
  )
  .superRefine((url, context) => {
    const { origin, pathname } = new URL(url)
    const prefix = pathname.replace(/\/v1\/*$/, '')
    if (prefix === pathname) return
    const message = 'must not end with /v1, because the client appends /v1 itself'
    context.addIssue({ code: 'custom', message, params: { corrected: origin + prefix } })
  })

const toolServerSchema = z
  .strictObject({
    /** Port on which the client listens from the first execution with tools on; 0 picks a free one. */
    port: z.int().min(0).max(65_535).optional(),
    /** Address to listen on; `127.0.0.1` by default. */
    host: z.string().min(1).optional(),
    /**
     * URL that the executor calls. Without `port` the client does not listen: mount `codemode.toolHandler` at this URL.
     */
    url: httpUrl('https://app.example/tools')
      .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), 'must not have credentials')
      .optional(),
    /**
     * Key that signs the tokens of executions, at least 32 characters. Share it between processes that serve one URL.
     */
    secret: z.string().min(32, 'must have at least 32 characters').optional(),
  })
  .refine(({ port, url }) => port !== undefined || url !== undefined, 'must have a port to listen on, or a url')
  .refine(({ host, url }) => url !== undefined || !['0.0.0.0', '::'].includes(host ?? ''), {
    path: ['url'],
    error: ({ input }) =>
      `must be set, because the executor cannot call host ${(input as { host: string }).host} (a wildcard address)`,
  })

const retrySchema = z.union([
  z.literal(false),
  z.strictObject({
    /** Maximum number of attempts; by default 10, or 3 while the executor has never answered. */
    maxAttempts: z.int().min(1).max(100).optional(),
    /** Delay before the second attempt in milliseconds, doubled for each further one, with jitter; 100 by default. */
    backoffBaseMs: milliseconds.optional(),
    /** Maximum delay in milliseconds, also where `Retry-After` asks for a longer one; 5,000 by default. */
    backoffMaxMs: milliseconds.optional(),
  }),
])

const concurrencyBounds = z
  .strictObject({ min: z.int().min(1).default(1), max: z.int().min(1).default(10) })
  .refine(({ min, max }) => min <= max, 'must have a min that is not above its max')

/** Options for reaching an executor over HTTP. Times are in milliseconds. */
export const connectionSchema = z.strictObject({
  /** URL of the executor without `/v1`, such as `http://localhost:8001`. */
  executorUrl,
  /** API key by which the executor identifies you. */
  executorApiKey: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must consist of visible ASCII characters, without spaces and line breaks'),
  /** Retry policy of failed requests; `false` for no retries. */
  retry: retrySchema.optional(),
  /** Milliseconds for a whole request, retries included; by default the execution and queue timeouts and 5,000. */
  requestTimeoutMs: milliseconds.optional(),
  /** Milliseconds for opening a connection, at most `requestTimeoutMs`; 5,000 by default. */
  connectTimeoutMs: milliseconds.default(clientTimeouts.connectTimeoutMs),
})

/** Returns whether a module is given by its path, and not by a URL. */
export function isPath(module: unknown): module is string {
  return typeof module === 'string' && !/^[a-z][a-z\d+.-]+:/i.test(module)
}

/** Module on this machine, as the URL that `import()` takes. */
const toolsModule = z.union([z.string().min(1), z.instanceof(URL)]).transform((module, context) => {
  const url = isPath(module) ? pathToFileURL(module) : URL.parse(module)
  if (url?.protocol === 'file:') return url.href
  context.addIssue('must be a path or a file: URL')
  return z.NEVER
})

/** Schema of the function that decides about tool calls. */
export const onApprovalSchema = z.custom<OnApproval>((value) => typeof value === 'function', 'must be a function')

const clientSchema = z.strictObject({
  /** Tools by name; `registerTool` adds more. */
  tools: z
    .record(z.string(), z.custom<ToolLike>(), 'must be an object with a property for each tool, by its name')
    .optional(),
  /**
   * Module with more tools, as a path or URL: its default export, or its export `tools`, is a record of tools. It is
   * loaded before the first execution. A path in a file is relative to that file's folder.
   */
  toolsModule: toolsModule.optional(),
  /**
   * Server through which the executor calls the tools over HTTP; by default they are called through the execution's
   * event stream.
   */
  toolServer: toolServerSchema.optional(),
  /** Default of an execution's `cpuTimeoutMs`: CPU time of the guest; waiting for tools does not count. */
  cpuTimeoutMs,
  /** Default of an execution's `executionTimeoutMs`: wall time from admission to the end. */
  executionTimeoutMs,
  /** Default of an execution's `toolTimeoutMs`: time of each tool call. */
  toolTimeoutMs,
  /** Default of an execution's `queueTimeoutMs`: time of waiting for admission. */
  queueTimeoutMs,
  /** Default of an execution's `memoryLimitMb`: size of the heap, in MiB. */
  memoryLimitMb,
  /** Default of an execution's `maxToolCalls`: number of tool calls that the code may make. */
  maxToolCalls,
  /**
   * Maximum number of executions that run at a time: a number, or bounds of an adaptive limit (1 and 10 by default),
   * which grows while executions are fast, and is halved when the executor is slow or refuses. The others wait in the
   * client's own queue, which is fair between views. Unlimited by default.
   */
  concurrency: z.union([z.int().min(1), concurrencyBounds]).optional(),
  /** Maximum number of executions that begin in any window of `perMs` milliseconds. Unlimited by default. */
  rateLimit: z.strictObject({ requests: z.int().min(1), perMs: milliseconds }).optional(),
  /**
   * Maximum number of executions that wait in the client's own queue; 10,000 by default. Beyond it, the latest
   * execution of the view that has the most waiting fails with `OVERLOADED`.
   */
  maxPending: z.int().min(0).default(10_000),
  /**
   * Default of an execution's `warningsAsErrors`: whether `executeAsync` and `execute` throw for code that succeeds with
   * warnings. They do not by default.
   */
  warningsAsErrors: z.boolean().optional(),
  /**
   * Function that decides about tool calls which require an approval, before their handlers run; for executions that end with
   * this client. Without it, an execution that waits for approvals is paused and kept by the executor. An execution may have
   * a function of its own.
   */
  onApproval: onApprovalSchema.optional(),
  /** Destination of the client's log lines, for example `console`; by default, lines of JSON on stderr. */
  logger: z
    .custom<Logger>((logger) => logMethods.every((name) => typeof (logger as Partial<Logger>)?.[name] === 'function'), {
      error: 'must have the methods debug, info, warn and error',
    })
    .optional(),
  /**
   * Lowest level that is logged: `debug`, `info`, `warn`, `error` or `silent`. By default the variable
   * CODEMODE_LOG_LEVEL, else `info` with a `logger` and `silent` without one.
   */
  logLevel: z.enum(logLevels).optional(),
  /** Prefix of the correlation ids that the client makes. */
  correlationIdPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._:\-/]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ : - /')
    .optional(),
})

/** Options of a client that makes its own ExecutorClient. */
export const connectedSchema = z.strictObject({ ...connectionSchema.shape, ...clientSchema.shape })

/** Options of a client that is given its executor. */
export const composedSchema = z.strictObject({
  /**
   * Executor that runs the code, instead of one at `executorUrl`. The client owns it, and disposes it when it closes.
   */
  executor: z.custom<Executor>((executor) => typeof (executor as Partial<Executor>)?.run === 'function', {
    error: 'must be an Executor: an object with a method run(request, options)',
  }),
  requestTimeoutMs: connectionSchema.shape.requestTimeoutMs,
  ...clientSchema.shape,
})

/** Options of an ExecutorClient. */
export interface ExecutorClientConfig extends Omit<z.input<typeof connectionSchema>, 'executorUrl' | 'executorApiKey'> {
  /** URL of the executor without `/v1`, such as `http://localhost:8001`. */
  executorUrl: string | URL
  /** API key by which the executor identifies you. `undefined`, such as an unset variable, is refused. */
  executorApiKey: string | undefined
}

interface ClientOptions extends Omit<z.input<typeof clientSchema>, 'toolServer'> {
  /**
   * Server through which the executor calls the tools over HTTP; by default they are called through the execution's
   * event stream.
   */
  toolServer?: ToolServerOptions | undefined
}

interface ToolServerOptions extends Omit<z.input<typeof toolServerSchema>, 'url'> {
  /**
   * URL that the executor calls. Without `port` the client does not listen: mount `codemode.toolHandler` at this URL.
   */
  url?: string | URL | undefined
}

/** Options of a client that talks to one executor. Times are in milliseconds. */
export interface ClientConfig extends ExecutorClientConfig, ClientOptions {}

/** Options of a client that is given its executor. Times are in milliseconds. */
export interface ComposedConfig extends ClientOptions {
  /**
   * Executor that runs the code, instead of one at `executorUrl`. The client owns it, and disposes it when it closes.
   */
  executor: Executor
  /** Milliseconds for a whole request, retries included; by default the execution and queue timeouts and 5,000. */
  requestTimeoutMs?: number | undefined
}

export type ResolvedConnection = z.output<typeof connectionSchema>
export type ResolvedConfig = z.output<typeof connectedSchema> | z.output<typeof composedSchema>
export type ToolServerConfig = z.output<typeof toolServerSchema>
