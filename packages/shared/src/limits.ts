import { z } from 'zod'

const KiB = 1024
const MiB = 1024 * KiB

/** Largest delay of a Node timer in milliseconds: 2^31 - 1, about 24.8 days. */
export const maxTimerMs = 2_147_483_647

/** Largest timeout that a request may set for CPU time, an execution or a tool call, in milliseconds: 24 hours. */
const maxExecutionMs = 86_400_000

const milliseconds = (max: number) => z.int().min(1).max(max)

/** Limits that a request may set; the executor resolves each against its defaults and the maximum of the API key. */
export const requestLimitsSchema = z
  .strictObject({
    cpuTimeoutMs: milliseconds(maxExecutionMs).meta({
      description: 'CPU time of the guest in milliseconds, without waits for tools',
    }),
    executionTimeoutMs: milliseconds(maxExecutionMs).meta({
      description: 'Wall time from admission to the end, in milliseconds',
    }),
    toolTimeoutMs: milliseconds(maxExecutionMs).meta({
      description: 'Wall time of each tool call from its first attempt, in milliseconds',
    }),
    queueTimeoutMs: milliseconds(maxTimerMs).meta({ description: 'Wait for admission, in milliseconds' }),
    memoryLimitMb: z.int().min(8).max(4096).meta({ description: 'Maximum heap of the isolate, in MiB' }),
    maxToolCalls: z.int().min(0).max(1_000_000).meta({ description: 'Maximum number of tool calls' }),
  })
  .partial()
  .meta({ id: 'RequestLimits' })

export type RequestLimits = z.infer<typeof requestLimitsSchema>

/** Limits of a request with every value set. */
export type ResolvedRequestLimits = Required<{ [Name in keyof RequestLimits]: NonNullable<RequestLimits[Name]> }>

/** Limits of an execution where neither the request nor the API key sets others. */
export const defaultRequestLimits: ResolvedRequestLimits = {
  cpuTimeoutMs: 5_000,
  executionTimeoutMs: 30_000,
  toolTimeoutMs: 30_000,
  queueTimeoutMs: 10_000,
  memoryLimitMb: 128,
  maxToolCalls: 1_000,
}

/** Limits that no request can change; sizes are in bytes of UTF-8. */
export const fixedLimits = {
  sourceBytes: 256 * KiB,
  inputBytes: 1 * MiB,
  resultBytes: 1 * MiB,
  toolInputBytes: 1 * MiB,
  toolOutputBytes: 4 * MiB,
  logBytes: 64 * KiB,
  journalBytes: 16 * MiB,
  toolCallsInFlight: 32,
  timers: 10_000,
} as const

/**
 * Maximum nesting of arrays and objects in a value that is sent as JSON: `input`, `context`, `config`, the input and
 * output of a tool call, and the result. Code that reads such a value by recursion does not overflow its stack.
 */
export const maxJsonNesting = 1_000

/** Default timeouts of the client, in milliseconds. */
export const clientTimeouts = {
  connectTimeoutMs: 5_000,
  /** Time added to execution and queue timeout to get the default of `requestTimeoutMs`. */
  requestMarginMs: 5_000,
} as const

/** Option that sets each timeout, by the `layer` of the timeout's error. */
export const timeoutOptions = {
  queue: 'queueTimeoutMs',
  connect: 'connectTimeoutMs',
  request: 'requestTimeoutMs',
  cpu: 'cpuTimeoutMs',
  execution: 'executionTimeoutMs',
  tool: 'toolTimeoutMs',
  wait: 'timeoutMs',
} as const

/** Name of a timeout, as the `layer` of its error. */
export type TimeoutLayer = keyof typeof timeoutOptions
