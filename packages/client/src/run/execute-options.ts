import { correlationIdSchema, executionRequestSchema, requestLimitsSchema } from '@codemode/shared'
import { isObject } from '@codemode/shared/internal'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { executeOptionsOrigin } from '../config/layer.ts'
import { onApprovalSchema } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'

const { cpuTimeoutMs, executionTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb, maxToolCalls } =
  requestLimitsSchema.shape

/** Value that becomes JSON. Its type takes objects that an interface describes, which have no index signature. */
const jsonValue = z.custom<string | number | boolean | object | null>((value) => value !== undefined)
const jsonObject = z.custom<object>(isObject, 'expected an object')

/** Schema of the options of one execution. */
export const executeOptionsSchema = z.strictObject({
  /** Names of the tools that this code may call (allow-list); all registered tools by default. */
  availableTools: z.array(z.string()).readonly().optional(),
  /** Value that the code reads as `input`. */
  input: jsonValue.optional(),
  /** Context in addition to the client's; the code reads it as `context`, and tool handlers get it. */
  context: jsonObject.optional(),
  /** Value that the code reads as `config`. */
  config: jsonObject.optional(),
  /** Name of the execution in records and events. */
  label: executionRequestSchema.shape.label,
  /** Id shared by the requests, tool calls and log lines of this execution; random by default. */
  correlationId: correlationIdSchema.optional(),
  /** Maximum wall time from admission to the end; 30,000 ms by default. */
  executionTimeoutMs,
  /** Maximum CPU time of the code, without waiting for tools; 5,000 ms by default. */
  cpuTimeoutMs,
  /** Maximum time of each tool call, retries included; 30,000 ms by default. */
  toolTimeoutMs,
  /** Maximum time in the queues of client and executor; 10,000 ms by default. */
  queueTimeoutMs,
  /** Maximum heap of the isolate in MiB; 128 by default. */
  memoryLimitMb,
  /** Maximum number of tool calls that the code may make; 1,000 by default. */
  maxToolCalls,
  /**
   * Whether `executeAsync` and `execute` throw an ExecutionError with the code `GUEST_WARNINGS` if the code succeeds with
   * warnings. Default: that of the client.
   */
  warningsAsErrors: z.boolean().optional(),
  /** Priority in the queues, from -100 to 100; higher is admitted first, 0 is normal. */
  priority: executionRequestSchema.shape.priority,
  /**
   * Function that decides about the tool calls of this execution which require an approval, before their handlers run.
   * Default: that of the client.
   */
  onApproval: onApprovalSchema.optional(),
  /** Signal that cancels the execution and its tool calls. */
  signal: z.instanceof(AbortSignal).optional(),
})

/** Options of one execution. Times are in milliseconds. */
export type ExecuteOptions = z.input<typeof executeOptionsSchema>

/** Returns the options if they are valid. Throws a ConfigurationError with the corrected call otherwise. */
export function parseOptions(options: ExecuteOptions): ExecuteOptions {
  requireObject(options)
  refuseDetached(options)
  const parsed = executeOptionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  throw configError(parsed.error.issues, {
    schema: executeOptionsSchema,
    given: options,
    originAt: () => executeOptionsOrigin,
  })
}

/** Throws a ConfigurationError unless the options are an object. */
export function requireObject(options: unknown): asserts options is Record<string, unknown> {
  if (isObject(options)) return
  const kind = options === null ? 'null' : Array.isArray(options) ? 'an array' : `of type ${typeof options}`
  throw new ConfigurationError(
    `The options of an execution must be an object; the value is ${kind}.`,
    'codemode.executeAsync(code, { cpuTimeoutMs: 5_000 })',
  )
}

/** Throws a ConfigurationError for options that only `submit` takes. */
function refuseDetached(options: Record<string, unknown>): void {
  const names = ['detached', 'expiresAfterMs', 'idempotencyKey', 'servedBy', 'notify']
  const name = names.find((option) => Object.hasOwn(options, option))
  if (name === undefined) return
  throw new ConfigurationError(
    `Only submit() takes the option ${name}: the caller of other methods waits for the end of the execution, which a ` +
      'detached execution does not need.',
    'const execution = await codemode.submit(code, { detached: true })\nconst result = await execution.wait()',
  )
}
