import { z } from 'zod'

import { jsonSchema } from '../json.ts'
import {
  executionFailureSchema,
  logEntrySchema,
  toolCallSummarySchema,
  usageSchema,
  warningsSchema,
} from './execution-result.ts'

/** Where an execution stands. */
export const executionStatusSchema = z.enum(['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'])

/** `queued → running → completed | failed | cancelled`; a running one reads as `waiting` while no turn runs or is due. */
export type ExecutionStatus = z.infer<typeof executionStatusSchema>

/** Whether an execution with this status has ended. */
export function isFinal(status: ExecutionStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

/** The answer of `GET /v1/executions/:id`: the result, if there is one yet, and where the execution stands. */
export const executionRecordSchema = z
  .object({
    executionId: z.string(),
    correlationId: z.string(),
    status: executionStatusSchema,
    label: z.string().optional(),
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
  })
  .meta({ id: 'ExecutionRecord' })

export type ExecutionRecord = z.infer<typeof executionRecordSchema>

/** The body of `POST /v1/executions/:id/cancel`; all of it is optional. */
export const cancelRequestSchema = z
  .strictObject({ reason: z.string().max(1_000).optional() })
  .meta({ id: 'CancelRequest' })

export type CancelRequest = z.infer<typeof cancelRequestSchema>
