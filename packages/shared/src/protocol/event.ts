import { z } from 'zod'

import { jsonSchema } from '../json.ts'
import { executionResultSchema, logEntrySchema } from './execution-result.ts'

const eventFields = {
  id: z.string().meta({ description: 'Counts from 1 within the execution' }),
  /** When it happened, by the executor's clock. */
  at: z.iso.datetime(),
  /** The execution that it belongs to. */
  executionId: z.string(),
}

/** Something that happened in an execution, as a stream shows it. */
export const executionEventSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('started'),
      ...eventFields,
      correlationId: z.string(),
      createdAt: z.iso.datetime().optional().meta({ description: 'When the executor took the execution' }),
    }),
    z.object({ type: z.literal('log'), ...eventFields, ...logEntrySchema.pick({ level: true, text: true }).shape }),
    z.object({
      type: z.literal('tool.called'),
      ...eventFields,
      callId: z.string(),
      tool: z.string(),
      input: jsonSchema,
      deadline: z.iso.datetime(),
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
      type: z.literal('waiting'),
      ...eventFields,
      openCalls: z.array(z.string()).meta({ description: 'Ids of open tool calls, the first hundred of them' }),
    }),
    z.object({ type: z.literal('finished'), ...eventFields, result: executionResultSchema }),
  ])
  .meta({ id: 'ExecutionEvent' })

export type ExecutionEvent = z.infer<typeof executionEventSchema>
