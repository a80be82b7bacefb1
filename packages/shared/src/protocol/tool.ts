// Messages of tool calls. With a callback, the executor POSTs calls and cancellations to the client's tool server,
// signed by Standard Webhooks with the call id as `webhook-id`. Without one, the client takes the calls from the event
// stream and sends its answers to `POST /v1/executions/:id/tool-results`.
import { z } from 'zod'

import { jsonObjectSchema, jsonSchema } from '../json.ts'
import { decisionSchema, inputHashSchema } from './approval.ts'
import { errorCauseSchema } from './error-cause.ts'

/**
 * Name of a tool on the wire and in the guest: identifiers joined by dots, such as `github.list_issues` or `größe`. Letters of
 * every script are allowed.
 */
export const toolNameSchema = z
  .string()
  .max(128)
  .regex(
    /^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*(?:\.[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*)*$/u,
    'must be identifiers joined by dots',
  )

const milliseconds = z
  .int()
  .min(1)
  .max(30 * 86_400_000)

/** Declaration of a tool that the code of a request may call. */
export const toolDeclarationSchema = z
  .strictObject({
    name: toolNameSchema,
    description: z.string().max(16_384).optional(),
    inputSchema: z
      .union([jsonObjectSchema, z.boolean()])
      .optional()
      .meta({ description: 'JSON Schema, draft 2020-12' }),
    outputSchema: z
      .union([jsonObjectSchema, z.boolean()])
      .optional()
      .meta({ description: 'JSON Schema, draft 2020-12' }),
    timeoutMs: z.int().min(1).max(86_400_000).optional(),
    requiresApproval: z.enum(['always', 'conditional']).optional().meta({
      description: 'Whether each call waits for an approval, or the tool server decides that for each call',
    }),
    approvalTimeoutMs: milliseconds
      .optional()
      .meta({ description: 'Milliseconds after which an approval that is not decided expires. Default: none' }),
    deferTimeoutMs: milliseconds
      .optional()
      .meta({ description: 'Milliseconds within which a deferred answer must arrive. Default: none' }),
  })
  .meta({ id: 'ToolDeclaration' })

export type ToolDeclaration = z.infer<typeof toolDeclarationSchema>

/** Proof that a call was approved. Its input is the one that was approved. */
export const approvedCallSchema = z
  .object({
    inputHash: inputHashSchema.meta({ description: 'SHA-256 of the input in this message, as JSON text' }),
    decidedBy: z.string().meta({ description: 'Owner of the API key that approved the call' }),
  })
  .meta({ id: 'ApprovedCall' })

/** Proof that a call was approved. */
export type ApprovedCall = z.infer<typeof approvedCallSchema>

/** Body of the executor's POST to the client's tool server that calls a tool. Times are of the executor's clock. */
export const toolCallMessageSchema = z
  .object({
    type: z.literal('tool.call'),
    executionId: z.string(),
    callId: z.string().meta({ description: 'Execution id, a colon, and the number of the call, counted from 1' }),
    tool: toolNameSchema,
    input: jsonSchema,
    context: jsonObjectSchema,
    correlationId: z.string(),
    deadline: z.iso.datetime(),
    createdAt: z.iso.datetime().optional().meta({ description: 'Time at which the executor accepted the execution' }),
    sentAt: z.iso.datetime().optional().meta({ description: 'Time at which this attempt was sent' }),
    gracePeriodMs: z.int().min(0).max(600_000).optional().meta({
      description:
        'Milliseconds for which the handler continues after its connection broke, until the call arrives again. Default: 1,000',
    }),
    approval: approvedCallSchema.optional(),
  })
  .meta({ id: 'ToolCallMessage' })

export type ToolCallMessage = z.infer<typeof toolCallMessageSchema>

/**
 * Body of the executor's POST to the client's tool server when it no longer waits for a call that it sent there. It is
 * signed as the call was, with the call id as `webhook-id`.
 */
export const toolCancelMessageSchema = z
  .object({
    type: z.literal('tool.cancel'),
    executionId: z.string().optional(),
    callId: z.string().meta({ description: 'Id of the cancelled call' }),
    reason: z.string().optional(),
  })
  .meta({ id: 'ToolCancelMessage' })

export type ToolCancelMessage = z.infer<typeof toolCancelMessageSchema>

/** Body of any POST of the executor to the client's tool server. */
export const toolMessageSchema = z.discriminatedUnion('type', [toolCallMessageSchema, toolCancelMessageSchema])

/** Failure of a tool call, as the guest's `ToolError` shows it. */
export const toolFailureSchema = z
  .object({
    name: z.string().optional(),
    message: z.string(),
    code: z.string().optional(),
    data: jsonSchema.optional(),
    retryable: z.boolean().optional(),
    cause: errorCauseSchema.optional(),
    errors: z.array(errorCauseSchema).readonly().optional().meta({ description: 'Inner errors of an AggregateError' }),
  })
  .meta({ id: 'ToolFailure' })

export type ToolFailure = z.infer<typeof toolFailureSchema>

const decision = decisionSchema.optional().meta({
  description: 'Decision about the call, if the client decides about approvals (`approvals: "client"`)',
})

/** Answer to a tool call, from the tool server (always with status 200) or through `tool-results`. */
export const toolAnswerSchema = z
  .discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), output: jsonSchema, decision }),
    z.object({ ok: z.literal(false), error: toolFailureSchema, decision }),
  ])
  .meta({ id: 'ToolAnswer' })

export type ToolAnswer = z.infer<typeof toolAnswerSchema>

/** Response of a tool server whose handler has deferred its answer: it is sent through `tool-results` later. */
export const deferredAnswerSchema = z.object({ deferred: z.literal(true) }).meta({ id: 'DeferredAnswer' })

/** Response of a tool server that has not run the handler, because the call needs an approval first. */
export const approvalRequiredSchema = z
  .object({ approvalRequired: z.literal(true), reason: z.string().max(4_096).optional() })
  .meta({ id: 'ApprovalRequired' })

/** Response to a tool call: an answer, or the reason why there is none yet. */
export const toolResponseSchema = z
  .union([toolAnswerSchema, deferredAnswerSchema, approvalRequiredSchema])
  .meta({ id: 'ToolResponse' })

export type ToolResponse = z.infer<typeof toolResponseSchema>

/** Body of `POST /v1/executions/:id/tool-results`. */
export const toolResultsRequestSchema = z
  .strictObject({
    results: z
      .array(z.strictObject({ callId: z.string().max(256), answer: toolResponseSchema }))
      .min(1)
      .max(1_000),
  })
  .meta({ id: 'ToolResultsRequest' })

export type ToolResultsRequest = z.infer<typeof toolResultsRequestSchema>

/** Response with the ids of the accepted results; the others were late or duplicates. */
export const toolResultsResponseSchema = z.object({ accepted: z.array(z.string()) }).meta({ id: 'ToolResultsResponse' })

export type ToolResultsResponse = z.infer<typeof toolResultsResponseSchema>
