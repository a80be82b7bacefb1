import {
  correlationIdSchema,
  executionRequestSchema,
  jsonObjectSchema,
  jsonSchema,
  requestLimitsSchema,
} from '@codemode/shared'
import { z } from 'zod'

import { configError } from '../config/config-error.ts'
import { executeOptionsOrigin } from '../config/layer.ts'

const { cpuTimeoutMs, executionTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb } = requestLimitsSchema.shape

const executeOptionsSchema = z.strictObject({
  /** Names of the tools that this code may call (allow-list); all registered tools by default. */
  availableTools: z.array(z.string()).readonly().optional(),
  /** Value that the code reads as `input`. */
  input: jsonSchema.optional(),
  /** Context in addition to the client's; the code reads it as `context`, and tool handlers get it. */
  context: jsonObjectSchema.optional(),
  /** Value that the code reads as `config`. */
  config: jsonObjectSchema.optional(),
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
  /**
   * Whether `executeAsync` and `execute` throw an ExecutionError with the code `GUEST_WARNINGS` if the code succeeds with
   * warnings. Default: that of the client.
   */
  warningsAsErrors: z.boolean().optional(),
  /** Priority in the queues, from -100 to 100; higher is admitted first, 0 is normal. */
  priority: executionRequestSchema.shape.priority,
  /** Signal that cancels the execution and its tool calls. */
  signal: z.instanceof(AbortSignal).optional(),
})

/** Options of one execution. Times are in milliseconds. */
export type ExecuteOptions = z.input<typeof executeOptionsSchema>

/** Returns the options if they are valid. Throws a ConfigurationError with the corrected call otherwise. */
export function parseOptions(options: ExecuteOptions): ExecuteOptions {
  const parsed = executeOptionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  throw configError(parsed.error.issues, {
    schema: executeOptionsSchema,
    given: options,
    originAt: () => executeOptionsOrigin,
  })
}
