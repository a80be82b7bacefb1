// Request that creates an execution. It is a strict object: the executor refuses unknown fields, so that a misspelt
// option is not ignored.
import { z } from 'zod'

import { executionIdSchema } from '../ids.ts'
import { jsonObjectSchema, jsonSchema } from '../json.ts'
import { requestLimitsSchema } from '../limits.ts'
import { toolDeclarationSchema } from './tool.ts'

/** URL at which the executor calls the client's tools, and the bearer token that it sends there. */
export const callbackSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    token: z
      .string()
      .min(16)
      .max(8_192)
      .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters, because it is sent in a header')
      .meta({ description: 'Bearer token of the callback; the executor does not interpret it' }),
  })
  .meta({ id: 'Callback' })

export type Callback = z.infer<typeof callbackSchema>

/** Events of an execution of which a receiver can be notified. */
export const notificationTypes = ['approval.requested', 'finished', 'needs_attention'] as const

/** Receiver of notifications about an execution. */
export const notifySchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    secret: z
      .string()
      .max(256)
      .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be "whsec_" and at least 24 random bytes in base64')
      .meta({ description: 'Secret by which notifications are signed, in the form of Standard Webhooks' }),
    events: z.array(z.enum(notificationTypes)).min(1).max(notificationTypes.length),
  })
  .meta({ id: 'Notify' })

/** Receiver of notifications about an execution. */
export type Notify = z.infer<typeof notifySchema>

/** Body of `POST /v1/executions`. */
export const executionRequestSchema = z
  .strictObject({
    id: executionIdSchema.optional(),
    code: z.string(),
    input: jsonSchema.optional(),
    context: jsonObjectSchema.optional(),
    config: jsonObjectSchema.optional(),
    label: z.string().max(256).optional(),
    tools: z
      .array(toolDeclarationSchema)
      .max(1_024)
      .refine((tools) => new Set(tools.map((tool) => tool.name)).size === tools.length, 'a tool is declared twice')
      .optional(),
    callback: callbackSchema.optional(),
    limits: requestLimitsSchema.optional(),
    detached: z.boolean().optional().meta({
      description: 'Whether the execution outlives the client and the node: it is stored, and the response is 202',
    }),
    expiresAfterMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000)
      .optional()
      .meta({
        description: 'Milliseconds after which a detached execution ends wherever it is. Default: 7 days',
      }),
    approvals: z.literal('client').optional().meta({
      description:
        'Who decides about tool calls that require an approval: the client, with its answer; by default, keys with the right "approve"',
    }),
    notify: notifySchema.optional(),
    priority: z.int().min(-100).max(100).optional().meta({
      description: 'Priority among the queued executions of the tenant; the highest is admitted first. Default: 0',
    }),
  })
  .meta({ id: 'ExecutionRequest' })

export type ExecutionRequest = z.infer<typeof executionRequestSchema>
