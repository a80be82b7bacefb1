// Events of an execution, as the executor streams them (Server-Sent Events). A reader resumes a stream after the id of
// the last event that it received. A client ignores events of types that it does not know.
import { z } from 'zod'

import { jsonSchema } from '../json.ts'
import { approvalSchema, pausedExecutionSchema } from './approval.ts'
import { executionResultSchema, logEntrySchema } from './execution-result.ts'
import { approvedCallSchema } from './tool.ts'
import { traceContextSchema } from './trace.ts'

const eventFields = {
  id: z.string().meta({
    description: 'Position of the event: the number of its journal entry, a point, and its number within the entry',
  }),
  /** Time of the event, by the executor's clock. */
  at: z.iso.datetime(),
  /** Id of the execution to which the event belongs. */
  executionId: z.string(),
}

/** Event of an execution, as the event stream sends it. */
export const executionEventSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('started'),
      ...eventFields,
      correlationId: z.string(),
      createdAt: z.iso.datetime().optional().meta({ description: 'Time at which the executor accepted the execution' }),
    }),
    z.object({ type: z.literal('log'), ...eventFields, ...logEntrySchema.pick({ level: true, text: true }).shape }),
    z.object({
      type: z.literal('tool.called'),
      ...eventFields,
      callId: z.string(),
      tool: z.string(),
      input: jsonSchema,
      deadline: z.iso
        .datetime()
        .optional()
        .meta({ description: 'Absent if the call waits for a client that resumes the execution' }),
      approval: approvedCallSchema.optional(),
      trace: traceContextSchema
        .optional()
        .meta({ description: "Span that is the parent of the handler's; absent without tracing, and with a callback" }),
    }),
    z.object({
      type: z.literal('tool.settled'),
      ...eventFields,
      callId: z.string(),
      tool: z.string(),
      status: z.enum(['completed', 'failed', 'cancelled']),
      errorCode: z.string().optional(),
    }),
    z.object({
      type: z.literal('approval.requested'),
      ...eventFields,
      ...approvalSchema.pick({
        callId: true,
        tool: true,
        input: true,
        inputHash: true,
        reason: true,
        requestedAt: true,
        expiresAt: true,
      }).shape,
    }),
    z.object({
      type: z.literal('approval.decided'),
      ...eventFields,
      callId: z.string(),
      tool: z.string(),
      decision: z.enum(['approve', 'reject', 'respond', 'expire']),
      by: z
        .string()
        .optional()
        .meta({ description: 'Owner of the API key that decided; absent if the approval expired' }),
      note: z.string().optional(),
      reason: z.string().optional(),
    }),
    z.object({
      type: z.literal('paused'),
      ...eventFields,
      ...pausedExecutionSchema.pick({ approvals: true, correlationId: true }).shape,
    }),
    z.object({
      type: z.literal('waiting'),
      ...eventFields,
      openCalls: z.array(z.string()).meta({ description: 'Ids of the first hundred open tool calls' }),
    }),
    z.object({ type: z.literal('finished'), ...eventFields, result: executionResultSchema }),
  ])
  .meta({ id: 'ExecutionEvent' })

export type ExecutionEvent = z.infer<typeof executionEventSchema>
