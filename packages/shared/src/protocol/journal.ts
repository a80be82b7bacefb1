import { z } from 'zod'

import type { ExecutionErrorCode } from '../errors/codes.ts'
import { jsonObjectSchema } from '../json.ts'
import { requestLimitsSchema } from '../limits.ts'
import { executionFailureSchema, logEntrySchema, warningsSchema } from './execution-result.ts'
import { toolDeclarationSchema } from './tool.ts'

/** The version of the journal's format; a reader refuses any other. */
export const journalVersion = 1

const timestampMs = z.int().nonnegative().meta({ description: 'Milliseconds since the epoch' })
const callNumber = z.int().min(1)

/** What the host delivers to the guest in one turn. An answer's content is in the journal's `answer` entry. */
export const deliverySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('answer'), call: callNumber }),
  z.object({ kind: z.literal('tick') }),
])

/** What the host delivers to the guest in one turn: the start, the answer to a call, or a timer that is due. */
export type Delivery = z.infer<typeof deliverySchema>

/** The codes that are the guest's to report; what the host measures or decides, it says itself. */
const guestEndCodes = [
  'SYNTAX_ERROR',
  'GUEST_ERROR',
  'RESULT_NOT_SERIALIZABLE',
  'RESULT_TOO_LARGE',
  'MEMORY_LIMIT',
  'TOO_MANY_TOOL_CALLS',
  'TOO_MANY_TIMERS',
  'JOURNAL_TOO_LARGE',
] as const satisfies readonly ExecutionErrorCode[]

/** The warnings that the guest runtime raised; absent if there are none. */
const warnings = warningsSchema.optional()

/** How the guest itself ended: its value as JSON text, or a description of what it threw or exceeded. */
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
    ...executionFailureSchema.pick({ call: true, cause: true, errors: true }).shape,
  }),
])

export type GuestEnd = z.infer<typeof guestEndSchema>

/** What the guest put out in one turn. Replay compares all of it. */
export const turnEffectsSchema = z.object({
  calls: z.array(
    z.object({ call: callNumber, tool: z.string().max(128), input: z.string().meta({ description: 'JSON text' }) }),
  ),
  logs: z.array(logEntrySchema.omit({ at: true })),
  logsDropped: z.object({ entries: z.int().nonnegative(), bytes: z.int().nonnegative() }),
  nextTimerAt: timestampMs.nullable(),
  end: guestEndSchema.optional(),
})

export type TurnEffects = z.infer<typeof turnEffectsSchema>

/** One thing that happened. Payloads are kept byte for byte as text. */
export const journalEntrySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('answer'), at: timestampMs, call: callNumber, ok: z.boolean(), text: z.string() }),
  z.object({ type: z.literal('turn'), at: timestampMs, delivery: deliverySchema, effects: turnEffectsSchema }),
  z.object({
    type: z.literal('end'),
    at: timestampMs,
    error: executionFailureSchema,
    /** Of a turn that did not end, only the logs are kept. */
    ...turnEffectsSchema.pick({ logs: true, logsDropped: true }).partial().shape,
  }),
])

/** One thing that happened: an answer that arrived, a turn, or the end that the host set. */
export type JournalEntry = z.infer<typeof journalEntrySchema>

/** All that a run depends on besides the deliveries; replay reads no configuration. */
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
})

/** All that a run depends on besides the deliveries. */
export type JournalHeader = z.infer<typeof journalHeaderSchema>

/** An execution's events in order, with what is needed to run it again exactly. */
export const journalSchema = z
  .object({ header: journalHeaderSchema, entries: z.array(journalEntrySchema) })
  .meta({ id: 'Journal' })

export type Journal = z.infer<typeof journalSchema>
