import { z } from 'zod'

import { jsonSchema } from '../json.ts'
import {
  executionFailureSchema,
  logEntrySchema,
  stepResultSchema,
  toolCallSummarySchema,
  usageSchema,
  warningsSchema,
} from './execution-result.ts'

/** Status of an execution. */
export const executionStatusSchema = z.enum([
  'queued',
  'running',
  'waiting',
  'paused',
  'needs_attention',
  'completed',
  'failed',
  'cancelled',
])

/**
 * Status of an execution: `queued → running → completed | failed | cancelled`. A running execution is `waiting` while
 * no turn runs or is due, and `paused` if it waits for approvals only. A detached execution that can't go on without an
 * operator is in `needs_attention`.
 */
export type ExecutionStatus = z.infer<typeof executionStatusSchema>

/** Returns whether an execution with this status has ended. */
export function isFinal(status: ExecutionStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** Response of `GET /v1/executions/:id`: the status of an execution, and its result if it has ended. */
export const executionRecordSchema = z
  .object({
    executionId: z.string(),
    correlationId: z.string(),
    status: executionStatusSchema,
    label: z.string().optional(),
    owner: z
      .string()
      .optional()
      .meta({ description: 'Owner of the API key that submitted the execution; absent from older executors' }),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    success: z.boolean().optional(),
    result: jsonSchema.optional(),
    error: executionFailureSchema.optional(),
    logs: z.array(logEntrySchema),
    logsDropped: z.object({ entries: z.int(), bytes: z.int() }),
    toolCalls: z.array(toolCallSummarySchema),
    warnings: warningsSchema.default([]),
    usage: usageSchema,
    session: stepResultSchema.optional(),
  })
  .meta({ id: 'ExecutionRecord' })

export type ExecutionRecord = z.infer<typeof executionRecordSchema>

/** Body of `POST /v1/executions/:id/cancel`; every field is optional. */
export const cancelRequestSchema = z
  .strictObject({ reason: z.string().max(1_000).optional() })
  .meta({ id: 'CancelRequest' })

export type CancelRequest = z.infer<typeof cancelRequestSchema>
