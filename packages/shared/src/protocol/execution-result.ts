import { z } from 'zod'

import { codesOfKind } from '../errors/codes.ts'
import { jsonObjectSchema, jsonSchema } from '../json.ts'
import { errorCauseSchema } from './error-cause.ts'

/** One line of the guest's console. */
export const logEntrySchema = z
  .object({
    /** The method of `console` that was called. */
    level: z.enum(['debug', 'log', 'info', 'warn', 'error']),
    /** The arguments, as one text. */
    text: z.string(),
    /** The time of the turn that wrote it. */
    at: z.iso.datetime(),
  })
  .meta({ id: 'LogEntry' })

export type LogEntry = z.infer<typeof logEntrySchema>

/** The codes of warnings. */
export const warningCodes = ['ERROR_RETURNED'] as const

/** Maximum number of warnings of one execution. */
export const maxWarnings = 20

/** A probable mistake of the code that did not make it fail. */
export const warningSchema = z
  .object({
    code: z.enum(warningCodes).meta({ description: 'For programs' }),
    message: z.string().max(1_024).meta({ description: 'What happened, and what to write instead' }),
    /** The place in the code, counted from 1. */
    line: z.int().min(1).optional(),
    column: z.int().min(1).optional(),
    tool: z.string().max(128).optional().meta({ description: 'The tool that it is about' }),
    callId: z.string().max(256).optional().meta({ description: 'The call that it is about' }),
  })
  .meta({ id: 'Warning' })

export type Warning = z.infer<typeof warningSchema>

/** The warnings of one execution, in the order in which they were noticed. */
export const warningsSchema = z.array(warningSchema).max(maxWarnings)

/** What became of one tool call. */
export const toolCallSummarySchema = z
  .object({
    /** `<executionId>:<n>`, with calls counted from 1. */
    callId: z.string(),
    /** The tool's name as the code called it. */
    tool: z.string(),
    /** `queued` until it is sent; `cancelled` when the execution ended before the call did. */
    status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']),
    durationMs: z.number().meta({ description: 'From when it was sent; 0 if it never was' }),
    /** The code of the error that the guest got, if the call failed. */
    errorCode: z.string().optional(),
  })
  .meta({ id: 'ToolCallSummary' })

export type ToolCallSummary = z.infer<typeof toolCallSummarySchema>

/** Why an execution failed. */
export const executionFailureSchema = z
  .object({
    /** What went wrong. */
    code: z.enum(codesOfKind('execution')),
    name: z.string().meta({ description: "The guest error's name, or the error class that a host would use" }),
    /** What was thrown, or what the limit was; never a host path. */
    message: z.string(),
    /** Whether the same request may succeed later, unchanged. */
    retryable: z.boolean(),
    guestStack: z.string().optional().meta({ description: "In the guest's own line numbers" }),
    /** Facts for programs; which ones depends on the code. */
    details: jsonObjectSchema.optional(),
    /** The number of the tool call that failed with this error, if one did and nobody caught it. */
    call: z.int().optional(),
    /** The `cause` of what was thrown. */
    cause: errorCauseSchema.optional(),
    /** The errors of an AggregateError that was thrown. */
    errors: z.array(errorCauseSchema).readonly().optional(),
  })
  .meta({ id: 'ExecutionFailure' })

export type ExecutionFailure = z.infer<typeof executionFailureSchema>

/** What an execution used. Times are in milliseconds. */
export const usageSchema = z
  .object({
    cpuMs: z.number().meta({ description: 'Guest CPU time, without replays' }),
    wallMs: z.number().meta({ description: 'From admission to the end' }),
    /** Waiting for admission. */
    queueMs: z.number(),
    waitMs: z.number().meta({ description: 'Wall time in which no turn ran or was due' }),
    /** How often the guest was entered. */
    turns: z.int(),
    /** How often it was made again from its journal. */
    replays: z.int(),
  })
  .meta({ id: 'Usage' })

export type Usage = z.infer<typeof usageSchema>

const resultFields = {
  executionId: z.string(),
  correlationId: z.string(),
  logs: z.array(logEntrySchema),
  logsDropped: z.object({ entries: z.int(), bytes: z.int() }),
  toolCalls: z.array(toolCallSummarySchema),
  warnings: warningsSchema.default([]),
  usage: usageSchema,
}

/** How an execution ended: the answer of `POST /v1/executions` and the content of its last event. */
export const executionResultSchema = z
  .discriminatedUnion('success', [
    z.object({ success: z.literal(true), result: jsonSchema, ...resultFields }),
    z.object({ success: z.literal(false), error: executionFailureSchema, ...resultFields }),
  ])
  .meta({ id: 'ExecutionResult' })

export type ExecutionResult = z.infer<typeof executionResultSchema>
