// Messages about detached executions, which outlive their client and the node that runs them.
import { z } from 'zod'

import { executionIdSchema } from '../ids.ts'
import { executionStatusSchema } from './execution-record.ts'
import { callbackSchema, notifySchema } from './execution-request.ts'
import { executionFailureSchema } from './execution-result.ts'

/** Response to a request that was accepted as a detached execution. It has been stored by then. */
export const acceptedExecutionSchema = z
  .object({ executionId: z.string(), status: executionStatusSchema, correlationId: z.string() })
  .meta({ id: 'AcceptedExecution' })

export type AcceptedExecution = z.infer<typeof acceptedExecutionSchema>

/** Execution in a list. */
export const executionSummarySchema = z
  .object({
    executionId: z.string(),
    correlationId: z.string(),
    status: executionStatusSchema,
    detached: z.boolean().meta({ description: 'False for an attached execution, which was recorded after its end' }),
    label: z.string().optional(),
    owner: z.string().meta({ description: 'Owner of the API key that submitted the execution' }),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    error: executionFailureSchema.pick({ code: true, message: true }).optional(),
  })
  .meta({ id: 'ExecutionSummary' })

export type ExecutionSummary = z.infer<typeof executionSummarySchema>

/** Response of `GET /v1/executions`: a page of the tenant's executions in the store, newest first. */
export const executionListSchema = z
  .object({
    items: z.array(executionSummarySchema),
    nextCursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' }),
  })
  .meta({ id: 'ExecutionList' })

export type ExecutionList = z.infer<typeof executionListSchema>

/** Query of `GET /v1/executions`. */
export const executionQuerySchema = z.strictObject({
  status: executionStatusSchema.optional(),
  label: z.string().max(256).optional(),
  detached: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Only detached executions (`true`), or only attached ones that were recorded (`false`)' }),
  since: z.iso.datetime({ offset: true }).optional().meta({ description: 'Only executions created since this time' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(256).optional().meta({ description: '`nextCursor` of the page before' }),
})

export type ExecutionQuery = z.infer<typeof executionQuerySchema>

/** Body of `POST /v1/executions/:id/retry`; every field is optional. */
export const retryRequestSchema = z
  .strictObject({
    id: executionIdSchema.optional().meta({ description: 'Id of the new execution' }),
    callback: callbackSchema
      .optional()
      .meta({ description: 'Callback of the new execution; required if the execution to retry has tools' }),
    notify: notifySchema.optional().meta({ description: 'Receiver of notifications about the new execution' }),
  })
  .meta({ id: 'RetryRequest' })

export type RetryRequest = z.infer<typeof retryRequestSchema>
