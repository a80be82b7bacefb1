import { z } from 'zod'

const KiB = 1024
const MiB = 1024 * KiB

/** The largest delay that Node's timers can hold: 2^31 - 1 ms, about 24.8 days. */
export const maxTimerMs = 2_147_483_647

/** 24 hours: the longest wall clock that an execution may ask for. */
const maxExecutionMs = 86_400_000

const milliseconds = (max: number) => z.int().min(1).max(max)

/** The limits that a request may set; each is resolved against the server's defaults and the key's maximum. */
export const requestLimitsSchema = z
  .strictObject({
    cpuTimeoutMs: milliseconds(maxExecutionMs).meta({
      description: 'Guest CPU time; waiting for tools does not count',
    }),
    executionTimeoutMs: milliseconds(maxExecutionMs).meta({ description: 'Wall time from admission to the end' }),
    toolTimeoutMs: milliseconds(maxExecutionMs).meta({
      description: 'Each tool call, from when it is sent, retries included',
    }),
    queueTimeoutMs: milliseconds(maxTimerMs).meta({ description: 'Waiting for admission' }),
    memoryLimitMb: z.int().min(8).max(4096).meta({ description: 'Heap of the isolate, in MiB' }),
    maxToolCalls: z.int().min(0).max(1_000_000).meta({ description: 'Tool calls in all' }),
  })
  .partial()
  .meta({ id: 'RequestLimits' })

export type RequestLimits = z.infer<typeof requestLimitsSchema>

/** The limits of a request with every value set. */
export type ResolvedRequestLimits = Required<{ [Name in keyof RequestLimits]: NonNullable<RequestLimits[Name]> }>

/** What holds when neither the request nor the key says otherwise. */
export const defaultRequestLimits: ResolvedRequestLimits = {
  cpuTimeoutMs: 5_000,
  executionTimeoutMs: 30_000,
  toolTimeoutMs: 30_000,
  queueTimeoutMs: 10_000,
  memoryLimitMb: 128,
  maxToolCalls: 256,
}

/** Limits that no request can change. Sizes are in bytes of UTF-8. */
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
 * Deepest nesting of arrays and objects in a value that crosses as JSON: `input`, `context`, `config`, the input and the
 * output of a tool call, and the result. Everything that reads such a value by recursion has room for it.
 */
export const maxJsonNesting = 1_000

/** The client's own clocks, in milliseconds. */
export const clientTimeouts = {
  connectTimeoutMs: 5_000,
  /** Added to execution and queue time to make the request's clock, unless that is set. */
  requestMarginMs: 5_000,
} as const

/** The clocks by the name that a timeout error gives as its layer, and the option that sets each. */
export const clockOptions = {
  queue: 'queueTimeoutMs',
  connect: 'connectTimeoutMs',
  request: 'requestTimeoutMs',
  cpu: 'cpuTimeoutMs',
  execution: 'executionTimeoutMs',
  tool: 'toolTimeoutMs',
  wait: 'timeoutMs',
} as const

/** The name of a clock. */
export type TimeoutLayer = keyof typeof clockOptions
