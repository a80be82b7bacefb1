// Approvals: tool calls that wait for a decision of a person before their handlers run. A decision names the call and the
// hash of its input, so that it can't be applied to another call or to another input.
import { z } from 'zod'

import { jsonSchema } from '../json.ts'

/** SHA-256, as hexadecimal text, of the input of a call as the journal has it. */
export const inputHashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 of 64 hexadecimal digits')
  .meta({ description: 'SHA-256 of the input as the approval shows it' })

const note = z.string().max(4_096).optional().meta({ description: 'Remark of the person who decides' })
const reason = z.string().min(1).max(4_096)

/**
 * Decision as the person makes it: approve the call, with its input or with an edited one; reject it, which is an error in
 * the code or the end of the execution; or respond in place of the tool.
 */
const decisionFields = {
  approve: { decision: z.literal('approve'), input: jsonSchema.optional(), note },
  reject: {
    decision: z.literal('reject'),
    reason: reason.meta({ description: 'Reason, which the code gets as the message of the error' }),
    end: z.boolean().optional().meta({ description: 'Whether the rejection ends the execution. Default: false' }),
    note,
  },
  respond: { decision: z.literal('respond'), output: jsonSchema, note },
}

/** Decision about a tool call. */
export const decisionSchema = z
  .discriminatedUnion('decision', [
    z.strictObject(decisionFields.approve),
    z.strictObject(decisionFields.reject),
    z.strictObject(decisionFields.respond),
  ])
  .meta({ id: 'Decision' })

/** Decision about a tool call. */
export type Decision = z.infer<typeof decisionSchema>

const inputHash = inputHashSchema

/** Body of `POST /v1/executions/:id/approvals/:callId`. */
export const decisionRequestSchema = z
  .discriminatedUnion('decision', [
    z.strictObject({ ...decisionFields.approve, inputHash }),
    z.strictObject({ ...decisionFields.reject, inputHash }),
    z.strictObject({ ...decisionFields.respond, inputHash }),
  ])
  .meta({ id: 'DecisionRequest' })

export type DecisionRequest = z.infer<typeof decisionRequestSchema>

/** Status of an approval. */
export const approvalStatusSchema = z.enum(['pending', 'approved', 'rejected', 'responded', 'expired', 'cancelled'])

/** Status of an approval: `pending` until it is decided, expires, or its execution ends (`cancelled`). */
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>

/** Approval: a tool call that waits, or has waited, for a decision. */
export const approvalSchema = z
  .object({
    executionId: z.string(),
    callId: z.string(),
    tool: z.string(),
    input: jsonSchema,
    inputHash: inputHashSchema,
    reason: z.string().optional().meta({ description: 'Reason that the tool gave for asking' }),
    label: z.string().optional().meta({ description: 'Label of the execution' }),
    owner: z.string().optional().meta({ description: 'Owner of the API key that submitted the execution' }),
    status: approvalStatusSchema,
    requestedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
    decision: z
      .object({
        decision: z.enum(['approve', 'reject', 'respond']),
        by: z.string().meta({ description: 'Owner of the API key that decided' }),
        keyId: z.string(),
        at: z.iso.datetime(),
        note: z.string().optional(),
        reason: z.string().optional(),
        end: z.boolean().optional(),
        input: jsonSchema.optional().meta({ description: 'Edited input, which the handler gets' }),
        output: jsonSchema.optional(),
      })
      .optional(),
  })
  .meta({ id: 'Approval' })

export type Approval = z.infer<typeof approvalSchema>

/** Query of `GET /v1/approvals`. */
export const approvalQuerySchema = z.strictObject({
  status: approvalStatusSchema.optional(),
  executionId: z.string().max(64).optional(),
  order: z.enum(['oldest', 'newest']).default('oldest').meta({ description: 'Which request is first' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(256).optional().meta({ description: '`nextCursor` of the page before' }),
})

export type ApprovalQuery = z.infer<typeof approvalQuerySchema>

/** Response of `GET /v1/approvals`: a page of the tenant's approvals, by default the oldest first. */
export const approvalListSchema = z
  .object({
    items: z.array(approvalSchema),
    nextCursor: z.string().nullable().meta({ description: 'Cursor of the next page; null on the last one' }),
  })
  .meta({ id: 'ApprovalList' })

export type ApprovalList = z.infer<typeof approvalListSchema>

/**
 * Response in place of a result when an attached execution can only continue by an approval: it has become a detached
 * execution, which waits for the decisions.
 */
export const pausedExecutionSchema = z
  .object({
    status: z.literal('paused'),
    executionId: z.string(),
    correlationId: z.string(),
    approvals: z.array(approvalSchema).meta({ description: 'Approvals that are pending' }),
  })
  .meta({ id: 'PausedExecution' })

export type PausedExecution = z.infer<typeof pausedExecutionSchema>
