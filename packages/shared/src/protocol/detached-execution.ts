// Messages about detached executions, which outlive their client and the node that runs them.
import { z } from 'zod'

import { executionIdSchema, sessionIdSchema } from '../ids.ts'
import { jsonSchema } from '../json.ts'
import { executionStatusSchema } from './execution-record.ts'
import { callbackSchema, notifySchema } from './execution-request.ts'
import { executionFailureSchema } from './execution-result.ts'
import { stepOfSchema } from './session.ts'

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
    detached: z.boolean().meta({ description: 'False for an attached execution' }),
    label: z.string().optional(),
    owner: z.string().meta({ description: 'Owner of the API key that submitted the execution' }),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    error: executionFailureSchema.pick({ code: true, message: true }).optional(),
    session: stepOfSchema.optional().meta({
      description: 'Session and number of the step; absent also for recorded steps of attached sessions',
    }),
  })
  .meta({ id: 'ExecutionSummary' })

export type ExecutionSummary = z.infer<typeof executionSummarySchema>

/** Response of `GET /v1/executions`: a page of the tenant's executions in the store and of attached ones of the node, newest first. */
export const executionListSchema = z
  .object({
    items: z.array(executionSummarySchema),
    nextCursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' }),
  })
  .meta({ id: 'ExecutionList' })

export type ExecutionList = z.infer<typeof executionListSchema>

const statuses = z
  .string()
  .max(256)
  .transform((text) => text.split(','))
  .pipe(z.array(executionStatusSchema))
  .meta({ description: 'Only executions with this status, or with one of several, separated by commas' })

const selection = {
  label: z.string().max(256).optional(),
  session: sessionIdSchema.optional().meta({ description: 'Only steps of the session with this id' }),
  since: z.iso.datetime({ offset: true }).optional().meta({ description: 'Only executions created since this time' }),
  until: z.iso.datetime({ offset: true }).optional().meta({ description: 'Only executions created before this time' }),
}

/** Query of `GET /v1/executions`. */
export const executionQuerySchema = z.strictObject({
  status: statuses.optional(),
  errorCode: executionFailureSchema.shape.code
    .meta({ description: 'Only executions whose error has this code' })
    .optional(),
  ...selection,
  detached: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'Only detached executions (`true`), or only attached ones (`false`)' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(256).optional().meta({ description: '`nextCursor` of the page before' }),
})

export type ExecutionQuery = z.infer<typeof executionQuerySchema>

/** Query of `GET /v1/executions/counts`. */
export const executionCountsQuerySchema = z.strictObject({
  ...selection,
  since: selection.since.meta({ description: 'Start of the first interval; by default an hour before the end' }),
  until: selection.until.meta({
    description: 'End of the last interval, at most 31 days after the start; now by default',
  }),
  buckets: z.coerce.number().int().min(1).max(120).default(60).meta({ description: 'Number of intervals' }),
})

export type ExecutionCountsQuery = z.infer<typeof executionCountsQuerySchema>

const count = z.int().nonnegative()

/** Response of `GET /v1/executions/counts`: numbers of executions by the interval in which they were created. */
export const executionCountsSchema = z
  .object({
    buckets: z.array(
      z.object({
        at: z.iso.datetime().meta({ description: 'Start of the interval' }),
        completed: count,
        failed: count,
        cancelled: count,
        inFlight: count.meta({ description: 'Number of executions that have not ended' }),
      }),
    ),
    errors: z
      .array(z.object({ code: z.string(), count }))
      .meta({ description: 'The most frequent codes of errors of failed executions, at most 10' }),
    countedSince: z.iso.datetime().optional().meta({
      description:
        'Time of creation of the oldest execution that was counted, if there are too many to count all: the counts before it are too low',
    }),
  })
  .meta({ id: 'ExecutionCounts' })

export type ExecutionCounts = z.infer<typeof executionCountsSchema>

/** Body of `POST /v1/executions/:id/retry`; every field is optional. */
export const retryRequestSchema = z
  .strictObject({
    id: executionIdSchema.optional().meta({ description: 'Id of the new execution' }),
    code: z.string().optional().meta({ description: 'Code in place of that of the execution' }),
    input: jsonSchema.optional().meta({ description: 'Input in place of that of the execution' }),
    callback: callbackSchema.optional().meta({
      description: 'Callback of the new execution; required if the execution to retry called its tools at one',
    }),
    notify: notifySchema.optional().meta({ description: 'Receiver of notifications about the new execution' }),
  })
  .meta({ id: 'RetryRequest' })

export type RetryRequest = z.infer<typeof retryRequestSchema>
