import {
  correlationIdSchema,
  executionRequestSchema,
  jsonObjectSchema,
  jsonSchema,
  requestLimitsSchema,
} from '@codemode/shared'
import { z } from 'zod'

import { configError } from './config/config-error.ts'
import { executeOptionsOrigin } from './config/layer.ts'

const { cpuTimeoutMs, executionTimeoutMs, toolTimeoutMs, queueTimeoutMs, memoryLimitMb } = requestLimitsSchema.shape

const executeOptionsSchema = z.strictObject({
  /** The tools that this code may call, by name; all registered ones if not given. */
  availableTools: z.array(z.string()).readonly().optional(),
  /** What the code reads as `input`. */
  input: jsonSchema.optional(),
  /** Added to the client's context; read by the code as `context` and by every tool handler. */
  context: jsonObjectSchema.optional(),
  /** What the code reads as `config`. */
  config: jsonObjectSchema.optional(),
  /** A name for the run history. */
  label: executionRequestSchema.shape.label,
  /** One id for all that belongs to this execution; made up if not given. */
  correlationId: correlationIdSchema.optional(),
  /** Wall time from admission to the end; 30,000 ms by default. */
  executionTimeoutMs,
  /** Guest CPU time, without waiting for tools; 5,000 ms by default. */
  cpuTimeoutMs,
  /** Each tool call, retries included; 30,000 ms by default. */
  toolTimeoutMs,
  /** Waiting for admission; 10,000 ms by default. */
  queueTimeoutMs,
  /** Heap of the isolate; 128 MiB by default. */
  memoryLimitMb,
  /** Higher is admitted first; 0 is normal. */
  priority: executionRequestSchema.shape.priority,
  /** Aborting it cancels the execution and its tool calls. */
  signal: z.instanceof(AbortSignal).optional(),
})

/** The options of one execution. Times are in milliseconds. */
export type ExecuteOptions = z.input<typeof executeOptionsSchema>

/** Checks the options; throws a ConfigurationError that shows the corrected call. */
export function parseOptions(options: ExecuteOptions): ExecuteOptions {
  const parsed = executeOptionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  throw configError(parsed.error.issues, {
    schema: executeOptionsSchema,
    given: options,
    originAt: () => executeOptionsOrigin,
  })
}
