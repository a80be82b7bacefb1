/**
 * The client's configuration: one schema for arguments, environment and file. What is text, a number or a boolean has a
 * variable by its name (`variables.ts`), and may be written in a file; the rest is for code only.
 */
import { pathToFileURL } from 'node:url'

import { clientTimeouts, maxTimerMs, requestLimitsSchema } from '@codemode/shared'
import { z } from 'zod'

import type { Executor } from '../executor.ts'
import { logLevels, type Logger } from '../insight/logger.ts'
import type { ToolLike } from '../tools/define.ts'

/** The options that no message, log or JSON shows. */
export const secretOptions: readonly string[] = ['executorApiKey', 'toolServer.secret']

const logMethods = ['debug', 'info', 'warn', 'error'] as const

/** 1 ms to the longest delay of a timer. */
export const milliseconds = z.int().min(1).max(maxTimerMs)
const { cpuTimeoutMs, executionTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb } = requestLimitsSchema.shape

const executorUrl = z.url({ protocol: /^https?$/, abort: true }).refine((url) => {
  const { username, password, search, hash } = new URL(url)
  return username + password + search + hash === ''
}, 'must not have credentials, a query or a fragment')

const toolServerSchema = z
  .strictObject({
    /** The client listens on this port by itself, from the first execution with tools on; 0 picks a free one. */
    port: z.int().min(0).max(65_535).optional(),
    /** The address to listen on; `127.0.0.1` by default. */
    host: z.string().min(1).optional(),
    /** What the executor is told to call. Alone, without `port`, you mount `codemode.toolHandler` there. */
    url: z
      .url({ protocol: /^https?$/, abort: true })
      .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), 'must not have credentials')
      .optional(),
    /** Signs the tokens of executions, at least 32 characters. Share it between processes that serve one URL. */
    secret: z.string().min(32, 'must have at least 32 characters').optional(),
  })
  .refine(({ port, url }) => port !== undefined || url !== undefined, 'needs a port to listen on, or a url')
  .refine(({ host, url }) => url !== undefined || !['0.0.0.0', '::'].includes(host ?? ''), {
    path: ['url'],
    message: 'is needed when host is a wildcard address',
  })

const retrySchema = z.union([
  z.literal(false),
  z.strictObject({
    /** Tries in all, 3 by default. */
    maxAttempts: z.int().min(1).max(100).optional(),
    /** The delay before the second try, doubled for each further one; 100 ms by default, jittered. */
    backoffBaseMs: milliseconds.optional(),
    /** No delay is longer, nor a longer `Retry-After` obeyed; 5,000 ms by default. */
    backoffMaxMs: milliseconds.optional(),
  }),
])

const concurrencyBounds = z
  .strictObject({ min: z.int().min(1).default(1), max: z.int().min(1).default(10) })
  .refine(({ min, max }) => min <= max, 'has a min above its max')

/** How the client reaches an executor over HTTP. Times are in milliseconds. */
export const connectionSchema = z.strictObject({
  /** Where the executor is, such as `http://localhost:8001`. */
  executorUrl,
  /** The key that the executor knows you by. */
  executorApiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters, without blanks or line ends'),
  /** How failed requests are tried again; `false` is never. */
  retry: retrySchema.optional(),
  /** How long a request may take in all; execution and queue time and 5,000 ms by default. */
  requestTimeoutMs: milliseconds.optional(),
  /** How long connecting may take, 5,000 ms by default. */
  connectTimeoutMs: milliseconds.default(clientTimeouts.connectTimeoutMs),
})

/** Whether a module is named by its path, and not by a URL. */
export function isPath(module: unknown): module is string {
  return typeof module === 'string' && !/^[a-z][a-z\d+.-]+:/i.test(module)
}

/** A module on this machine, as the URL that `import()` takes. */
const toolsModule = z.union([z.string().min(1), z.instanceof(URL)]).transform((module, context) => {
  const url = isPath(module) ? pathToFileURL(module) : URL.parse(module)
  if (url?.protocol === 'file:') return url.href
  context.addIssue('must be a path or a file: URL')
  return z.NEVER
})

const clientSchema = z.strictObject({
  /** The tools by name; `registerTool` adds more. */
  tools: z
    .record(
      z.string(),
      z.custom<ToolLike>((tool) => tool !== undefined),
    )
    .optional(),
  /**
   * A module with more tools, as a path or URL: its default export, or its export `tools`, is a record of tools. It is
   * loaded before the first execution. A path in a file is relative to that file's folder.
   */
  toolsModule: toolsModule.optional(),
  /** Lets the executor call the tools over HTTP. Without it, they are called through the execution's event stream. */
  toolServer: toolServerSchema.optional(),
  /** The default of the option of the same name: guest CPU time; waiting for tools does not count. */
  cpuTimeoutMs,
  /** The default of the option of the same name: wall time from admission to the end. */
  executionTimeoutMs,
  /** The default of the option of the same name: each tool call. */
  toolTimeoutMs,
  /** The default of the option of the same name: waiting for admission. */
  queueTimeoutMs,
  /** The default of the option of the same name: heap, in MiB. */
  memoryLimitMb,
  /**
   * How many executions may run at a time: a number, or bounds between which it is found out (1 and 10 by default), up
   * while they are fast, down when the executor is slow or refuses. The others wait in the client's own queue, in which
   * views take turns. Unlimited by default.
   */
  concurrency: z.union([z.int().min(1), concurrencyBounds]).optional(),
  /** How many executions may begin in any window of so many milliseconds. Unlimited by default. */
  rateLimit: z.strictObject({ requests: z.int().min(1), perMs: milliseconds }).optional(),
  /** How many executions may wait in the client's own queue, 10,000 by default; further ones fail with `OVERLOADED`. */
  maxPending: z.int().min(0).default(10_000),
  /** Takes what the client logs; `console` is one. Without it, lines of JSON go to stderr. */
  logger: z
    .custom<Logger>((logger) => logMethods.every((name) => typeof (logger as Partial<Logger>)?.[name] === 'function'), {
      error: 'must have the methods debug, info, warn and error',
    })
    .optional(),
  /**
   * The lowest level that is logged: `debug`, `info`, `warn`, `error` or `silent`. By default what the variable
   * CODEMODE_LOG_LEVEL says, else `info` with a `logger` and `silent` without one.
   */
  logLevel: z.enum(logLevels).optional(),
  /** What the correlation ids that the client makes begin with. */
  correlationIdPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._:\-/]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ : - /')
    .optional(),
})

/** A client that makes its own ExecutorClient. */
export const connectedSchema = z.strictObject({ ...connectionSchema.shape, ...clientSchema.shape })

/** A client that is given whatever runs the code. */
export const composedSchema = z.strictObject({
  /** What runs the code, instead of an executor at `executorUrl`. The client owns it, and disposes it when it closes. */
  executor: z.custom<Executor>((executor) => typeof (executor as Partial<Executor>)?.run === 'function', {
    error: 'must be an Executor: an object with a method run(request, options)',
  }),
  requestTimeoutMs: connectionSchema.shape.requestTimeoutMs,
  ...clientSchema.shape,
})

/** What an ExecutorClient is made from. */
export interface ExecutorClientConfig extends Omit<z.input<typeof connectionSchema>, 'executorApiKey'> {
  /** The key that the executor knows you by; a missing one is refused. */
  executorApiKey: string | undefined
}

type ClientOptions = z.input<typeof clientSchema>

/** What a client is made from that talks to one executor. Times are in milliseconds. */
export interface ClientConfig extends ExecutorClientConfig, ClientOptions {}

/** What a client is made from that is given whatever runs the code. Times are in milliseconds. */
export interface ComposedConfig extends ClientOptions {
  /** What runs the code, instead of an executor at `executorUrl`. The client owns it, and disposes it when it closes. */
  executor: Executor
  /** How long a request may take in all; execution and queue time and 5,000 ms by default. */
  requestTimeoutMs?: number | undefined
}

export type ResolvedConnection = z.output<typeof connectionSchema>
export type ResolvedConfig = z.output<typeof connectedSchema> | z.output<typeof composedSchema>
export type ToolServerConfig = z.output<typeof toolServerSchema>
