// Sessions: realms that stay between executions. The steps of a session are executions that run one after the other and
// see each other's variables.
import { z } from 'zod'

import { sessionIdSchema } from '../ids.ts'
import { jsonObjectSchema } from '../json.ts'
import { executionStatusSchema } from './execution-record.ts'

/** Milliseconds without a step after which a session expires by default, and at most. */
export const sessionIdle = { defaultMs: 86_400_000, maxMs: 30 * 86_400_000 } as const

/** Body of `POST /v1/sessions`; every field is optional. */
export const sessionRequestSchema = z
  .strictObject({
    id: sessionIdSchema
      .optional()
      .meta({ description: 'Id of the session; a request with the same id attaches to it' }),
    durable: z.boolean().optional().meta({
      description:
        'Whether the session and its steps are stored, so that they outlive client and executor. Default: false',
    }),
    context: jsonObjectSchema.optional(),
    config: jsonObjectSchema.optional(),
    label: z.string().max(256).optional(),
    memoryLimitMb: z.int().min(8).max(4096).optional().meta({ description: 'Maximum heap of the isolate, in MiB' }),
    idleTimeoutMs: z
      .int()
      .min(1_000)
      .max(sessionIdle.maxMs)
      .optional()
      .meta({ description: 'Milliseconds without a step after which the session expires. Default: 24 hours' }),
  })
  .meta({ id: 'SessionRequest' })

export type SessionRequest = z.infer<typeof sessionRequestSchema>

/** Kind of a session variable, as it was declared last. */
export const variableKindSchema = z.enum(['let', 'const', 'class', 'function', 'var'])

/** Variable of a session. */
export const sessionVariableSchema = z
  .object({ name: z.string(), kind: variableKindSchema })
  .meta({ id: 'SessionVariable' })

/** Variable of a session. */
export type SessionVariable = z.infer<typeof sessionVariableSchema>

/** Step of a session. Its record is that of its execution. */
export const sessionStepSchema = z
  .object({
    number: z.int().min(1).meta({ description: 'Number of the step in its session, in the order of acceptance' }),
    executionId: z.string(),
    status: executionStatusSchema,
    code: z.string(),
    stateKept: z.boolean().optional().meta({
      description: 'Whether the session has the state after the step; absent until the step has ended',
    }),
  })
  .meta({ id: 'SessionStep' })

/** Step of a session. Its record is that of its execution. */
export type SessionStep = z.infer<typeof sessionStepSchema>

const sessionFields = {
  sessionId: z.string(),
  durable: z.boolean().meta({ description: 'Whether the session is stored, and its steps are detached executions' }),
  owner: z.string().meta({ description: 'Owner of the API key that created the session' }),
  label: z.string().optional(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().meta({ description: 'Time at which the session expires if there is no further step' }),
  steps: z.int().nonnegative().meta({ description: 'Number of steps' }),
  pendingSteps: z.int().nonnegative().meta({ description: 'Number of steps that have not ended' }),
  sizeBytes: z.int().nonnegative().meta({ description: 'Size of the journals of its steps' }),
}

/** Session in a list. */
export const sessionSummarySchema = z.object(sessionFields).meta({ id: 'SessionSummary' })

/** Session in a list. */
export type SessionSummary = z.infer<typeof sessionSummarySchema>

/** Session with its steps and variables. */
export const sessionRecordSchema = z
  .object({
    ...sessionFields,
    context: jsonObjectSchema,
    variables: z.array(sessionVariableSchema).meta({ description: 'Variables after the last step that has ended' }),
    stepList: z.array(sessionStepSchema),
  })
  .meta({ id: 'SessionRecord' })

export type SessionRecord = z.infer<typeof sessionRecordSchema>

/** Query of `GET /v1/sessions`. */
export const sessionQuerySchema = z.strictObject({
  label: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(256).optional().meta({ description: '`nextCursor` of the page before' }),
})

/** Response of `GET /v1/sessions`: a page of the tenant's sessions, newest first. */
export const sessionListSchema = z
  .object({
    items: z.array(sessionSummarySchema),
    nextCursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' }),
  })
  .meta({ id: 'SessionList' })

export type SessionList = z.infer<typeof sessionListSchema>

/** Body of `POST /v1/sessions/:id/fork`; every field is optional. */
export const forkRequestSchema = z
  .strictObject({
    id: sessionIdSchema.optional().meta({ description: 'Id of the new session' }),
    atStep: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Number of the step after which the state is taken. Default: the last one that has ended' }),
    label: z.string().max(256).optional(),
  })
  .meta({ id: 'ForkRequest' })

export type ForkRequest = z.infer<typeof forkRequestSchema>

/** Step of a session that an execution is. */
export const stepOfSchema = z
  .object({
    id: z.string().meta({ description: 'Id of the session' }),
    step: z.int().min(1).meta({ description: 'Number of the step in its session' }),
  })
  .meta({ id: 'StepOf' })
