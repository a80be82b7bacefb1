// Format of the journal, from which replay runs an execution again exactly. The header holds everything that the run
// depends on except deliveries; the entries hold deliveries and effects in order. The executor appends an entry before
// its effect becomes visible outside, and keeps payloads as text, byte for byte.
import { z } from 'zod'

import type { ExecutionErrorCode } from '../errors/codes.ts'
import { jsonObjectSchema } from '../json.ts'
import { requestLimitsSchema } from '../limits.ts'
import { decisionSchema } from './approval.ts'
import { executionFailureSchema, logEntrySchema, maxWarnings, warningSchema } from './execution-result.ts'
import { stepOfSchema } from './session.ts'
import { toolDeclarationSchema } from './tool.ts'
import { traceContextSchema } from './trace.ts'

/** Version of the journal's format; readers refuse any other. */
export const journalVersion = 2

const timestampMs = z.int().nonnegative().meta({ description: 'Milliseconds since the epoch' })
const callNumber = z.int().min(1)

/** Delivery to the guest that one turn processes. The content of an answer is in the journal's `answer` entry. */
export const deliverySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('answer'), call: callNumber }),
  z.object({ kind: z.literal('tick') }),
])

/** Delivery to the guest that one turn processes: the start, the answer to a call, or a timer that is due. */
export type Delivery = z.infer<typeof deliverySchema>

/** Codes that the guest may report. The host reports the others, which it measures or decides itself. */
const guestEndCodes = [
  'SYNTAX_ERROR',
  'GUEST_ERROR',
  'RESULT_NOT_SERIALIZABLE',
  'RESULT_TOO_LARGE',
  'MEMORY_LIMIT',
  'TOO_MANY_TOOL_CALLS',
  'TOO_MANY_TIMERS',
  'JOURNAL_TOO_LARGE',
  'SESSION_FROZEN',
] as const satisfies readonly ExecutionErrorCode[]

/** Warning of the guest runtime, with the number of the call in place of its id. */
const guestWarningSchema = warningSchema.omit({ callId: true }).extend({ call: callNumber.optional() })

/** Warnings that the guest runtime raised; absent if there are none. */
const warnings = z.array(guestWarningSchema).max(maxWarnings).optional()

/** End that the guest reports: its value as JSON text, or a description of the error or the exceeded limit. */
export const guestEndSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.string(), warnings }),
  z.object({
    ok: z.literal(false),
    warnings,
    code: z.enum(guestEndCodes),
    name: z.string().max(1_024),
    message: z.string().max(65_536),
    stack: z.string().max(65_536).optional(),
    details: jsonObjectSchema.optional(),
    ...executionFailureSchema.pick({ hint: true, call: true, cause: true, errors: true }).shape,
  }),
])

export type GuestEnd = z.infer<typeof guestEndSchema>

/** Effects of the guest in one turn. Replay compares all of them. */
export const turnEffectsSchema = z.object({
  calls: z.array(
    z.object({ call: callNumber, tool: z.string().max(128), input: z.string().meta({ description: 'JSON text' }) }),
  ),
  logs: z.array(logEntrySchema.omit({ at: true })),
  logsDropped: z.object({ entries: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  nextTimerAt: timestampMs.nullable(),
  /**
   * Warnings that the execution has if the host ends it before the next turn that has this field; absent if they are those
   * of the turn before.
   */
  warnings,
  end: guestEndSchema.optional(),
})

export type TurnEffects = z.infer<typeof turnEffectsSchema>

/** CPU time of a turn, and what happened to the guest before it. The guest can't see them. */
const turnFacts = {
  cpuMs: z.number().nonnegative().meta({ description: 'CPU time of the turn in milliseconds' }),
  replays: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'Number of times that the guest was rebuilt for this turn; absent if it was there' }),
  evictedAt: timestampMs.optional().meta({
    description:
      'Time at which the guest was evicted from memory since the turn before; absent if it was not, or if the execution was parked',
  }),
}

/** Answer to a call as the guest receives it. */
const answerText = {
  ok: z.boolean(),
  text: z.string(),
  errorCode: z.string().optional().meta({ description: 'Code of the error, if the call failed' }),
}

/** Entry of a journal. Payloads are kept as text, byte for byte. */
export const journalEntrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('claim'),
    at: timestampMs,
    epoch: z.int().min(1).meta({ description: 'Number of claims so far, which is the fencing token of this one' }),
    node: z.string().max(128).meta({ description: 'Name of the executor node' }),
    endsAt: timestampMs.meta({ description: 'Time at which the timeout of the execution expires' }),
    servedBy: z.literal('client').optional().meta({
      description: 'Set if tool calls wait for a client that resumes the execution, because there is no callback',
    }),
  }),
  z.object({
    type: z.literal('park'),
    at: timestampMs,
    until: timestampMs.optional().meta({ description: 'Time of the next timer, at which the execution goes on' }),
    attention: executionFailureSchema
      .optional()
      .meta({ description: 'Reason for which the execution waits for an operator' }),
    isPromotion: z.literal(true).optional().meta({
      description: 'Set if the execution was attached until now, and has become a detached one to wait for approvals',
    }),
  }),
  z.object({
    type: z.literal('answer'),
    at: timestampMs,
    call: callNumber,
    ...answerText,
    decision: decisionSchema.optional().meta({ description: 'Decision about the call that the client made' }),
  }),
  z.object({
    type: z.literal('approval'),
    at: timestampMs,
    call: callNumber,
    reason: z.string().optional(),
  }),
  z.object({
    type: z.literal('decision'),
    at: timestampMs,
    call: callNumber,
    decision: z.enum(['approve', 'reject', 'respond', 'expire']),
    by: z.string().optional().meta({ description: 'Owner of the API key that decided' }),
    keyId: z.string().optional(),
    note: z.string().optional(),
    reason: z.string().optional(),
    input: z.string().optional().meta({ description: 'Edited input as JSON text' }),
    answer: z.object(answerText).optional().meta({ description: 'Answer to the call, unless it was approved' }),
    end: executionFailureSchema.optional().meta({ description: 'Failure of the execution, if the rejection ends it' }),
  }),
  z.object({
    type: z.literal('deferred'),
    at: timestampMs,
    call: callNumber,
    decision: decisionSchema.optional().meta({ description: 'Decision about the call that the client made' }),
  }),
  z.object({
    type: z.literal('turn'),
    at: timestampMs,
    endedAt: timestampMs.meta({
      description:
        'Time of its end; that of its beginning if the guest began the next turn before this one was committed',
    }),
    ...turnFacts,
    delivery: deliverySchema,
    effects: turnEffectsSchema,
    refused: z
      .array(callNumber)
      .optional()
      .meta({ description: 'Calls of this turn that are not sent; the executor answers them itself' }),
  }),
  z.object({
    type: z.literal('end'),
    at: timestampMs,
    error: executionFailureSchema,
    withinTurn: z.literal(true).optional().meta({
      description: 'Set if the execution was stopped within a turn, so that its session does not keep its state',
    }),
    /** Costs, logs and warnings of a turn that did not end; its other effects are discarded. */
    ...z.object(turnFacts).partial().shape,
    ...turnEffectsSchema.pick({ logs: true, logsDropped: true, warnings: true }).partial().shape,
  }),
])

/**
 * Entry of a journal: a node's claim, the end of a claim while the execution waits (`park`), an answer that arrived, a call
 * that its tool server wants approved (`approval`), a decision about an approval, a call whose answer is `deferred`, a turn,
 * or an end that the host set.
 */
export type JournalEntry = z.infer<typeof journalEntrySchema>

/** Header of a journal: everything that a run depends on except deliveries. Replay reads no configuration. */
export const journalHeaderSchema = z.object({
  version: z.literal(journalVersion),
  executionId: z.string(),
  correlationId: z.string(),
  createdAt: z.iso.datetime(),
  code: z.string(),
  input: z.string().meta({ description: 'JSON text' }),
  context: z.string().meta({ description: 'JSON text of an object' }),
  config: z.string().meta({ description: 'JSON text of an object' }),
  tools: z.array(toolDeclarationSchema),
  approvals: z.literal('client').optional(),
  session: stepOfSchema.optional().meta({ description: 'Session and number of the step, if the execution is a step' }),
  limits: requestLimitsSchema.required().extend({
    sourceBytes: z.int(),
    inputBytes: z.int(),
    resultBytes: z.int(),
    toolInputBytes: z.int(),
    toolOutputBytes: z.int(),
    logBytes: z.int(),
    journalBytes: z.int(),
    toolCallsInFlight: z.int(),
    timers: z.int(),
  }),
  seed: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: '256 random bits; as confidential as the journal' }),
  runtime: z.object({ guestRuntime: z.string(), v8: z.string(), icu: z.string(), arch: z.string() }),
  trace: traceContextSchema
    .optional()
    .meta({ description: 'Span of the execution, to which every node adds its spans; absent without tracing' }),
})

/** Header of a journal: everything that a run depends on except deliveries. */
export type JournalHeader = z.infer<typeof journalHeaderSchema>

/** Journal of an execution: the header and the entries in order, from which replay runs it again exactly. */
export const journalSchema = z
  .object({ header: journalHeaderSchema, entries: z.array(journalEntrySchema) })
  .meta({ id: 'Journal' })

export type Journal = z.infer<typeof journalSchema>

/** Query of `GET /v1/executions/:id/journal`. */
export const journalQuerySchema = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0)
    .meta({ description: 'Number of entries that the reader has: only the following ones are sent' }),
})
