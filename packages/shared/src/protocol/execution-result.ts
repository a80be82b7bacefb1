// Result of an execution. Guest code that fails is a result with `success: false`; only a request that fails is an HTTP
// error (errors/error-body.ts).
import { z } from 'zod'

import { codesOfKind, errorCodes } from '../errors/codes.ts'
import { jsonObjectSchema, jsonSchema } from '../json.ts'
import { errorCauseSchema } from './error-cause.ts'

/** Entry of the guest's console. */
export const logEntrySchema = z
  .object({
    /** Method of `console` that was called. */
    level: z.enum(['debug', 'log', 'info', 'warn', 'error']),
    /** Arguments of the call as one text. */
    text: z.string(),
    /** Time of the turn that wrote the entry. */
    at: z.iso.datetime(),
  })
  .meta({ id: 'LogEntry' })

export type LogEntry = z.infer<typeof logEntrySchema>

/** Codes of warnings. */
export const warningCodes = [
  'ERROR_RETURNED',
  'NO_VALUE',
  'LIKELY_MISTAKE',
  'UNHANDLED_REJECTION',
  'CALL_NOT_AWAITED',
  'TIMER_DROPPED',
] as const

/** Maximum number of warnings of one execution. */
export const maxWarnings = 20

/** Probable mistake in the code that did not make it fail. */
export const warningSchema = z
  .object({
    code: z.enum(warningCodes).meta({ description: 'Code of the warning, for programs' }),
    message: z.string().max(1_024).meta({ description: 'Description of the mistake and its correction' }),
    /** Line in the code, counted from 1, as is the column. */
    line: z.int().min(1).optional(),
    column: z.int().min(1).optional(),
    tool: z.string().max(128).optional().meta({ description: 'Tool that the warning refers to' }),
    callId: z.string().max(256).optional().meta({ description: 'Tool call that the warning refers to' }),
  })
  .meta({ id: 'Warning' })

export type Warning = z.infer<typeof warningSchema>

/** Warnings of one execution, in the order in which they were raised. */
export const warningsSchema = z.array(warningSchema).max(maxWarnings)

/** Outcome of one tool call. */
export const toolCallSummarySchema = z
  .object({
    /** Id of the call: `<executionId>:<n>`, with calls counted from 1. */
    callId: z.string(),
    /** Name of the tool as the code called it. */
    tool: z.string(),
    /**
     * Status of the call: `queued` until it is sent; `paused` while it waits for an approval; `deferred` after its handler
     * has deferred the answer; `cancelled` if the execution ended before the call.
     */
    status: z.enum(['queued', 'paused', 'running', 'deferred', 'completed', 'failed', 'cancelled']),
    durationMs: z.number().meta({ description: 'Milliseconds since the call was sent; 0 if it was not sent' }),
    /** Code of the error that the guest got, if the call failed. */
    errorCode: z.string().optional(),
  })
  .meta({ id: 'ToolCallSummary' })

export type ToolCallSummary = z.infer<typeof toolCallSummarySchema>

/** Failure of an execution. */
export const executionFailureSchema = z
  .object({
    code: z.enum(codesOfKind('execution')).meta({
      description: codesOfKind('execution')
        .map((code) => `${code}: ${errorCodes[code].meaning}`)
        .join(' '),
    }),
    name: z.string().meta({
      description: 'Name of the error that the guest threw, or of the error class for a failure that the host decided',
    }),
    /** Message of the thrown value, or the limit that was exceeded; never a host path. */
    message: z.string(),
    /** Whether the same request, unchanged, may succeed later. */
    retryable: z.boolean(),
    /** Sentence for the author of the code on the likely correction; it is not part of the message. */
    hint: z.string().max(1_024).optional(),
    guestStack: z.string().optional().meta({ description: 'Stack of the error, with line numbers of the guest code' }),
    /** Machine-readable facts, which depend on the code. */
    details: jsonObjectSchema.optional(),
    /** Number of the tool call that failed with this error, if the error of a call was not caught. */
    call: z.int().optional(),
    /** Cause of the thrown error. */
    cause: errorCauseSchema.optional(),
    /** Inner errors of a thrown AggregateError. */
    errors: z.array(errorCauseSchema).readonly().optional(),
  })
  .meta({ id: 'ExecutionFailure' })

export type ExecutionFailure = z.infer<typeof executionFailureSchema>

/** Resources that an execution used. Times are in milliseconds. */
export const usageSchema = z
  .object({
    cpuMs: z.number().meta({ description: 'CPU time of the guest, without replays' }),
    wallMs: z.number().meta({ description: 'Wall time from admission to the end' }),
    /** Time in the admission queue. */
    queueMs: z.number(),
    waitMs: z.number().meta({ description: 'Wall time in which no turn ran or was due' }),
    /** Number of turns of the guest. */
    turns: z.int(),
    /** Number of times that the guest was rebuilt from its journal. */
    replays: z.int(),
  })
  .meta({ id: 'Usage' })

export type Usage = z.infer<typeof usageSchema>

/** Facts about an execution that is a step of a session. */
export const stepResultSchema = z
  .object({
    id: z.string().meta({ description: 'Id of the session' }),
    step: z.int().min(1).meta({ description: 'Number of the step in its session' }),
    stateKept: z.boolean().meta({
      description: 'Whether the session has the state after the step, or the one before it. Tool calls are not undone',
    }),
  })
  .meta({ id: 'StepResult' })

/** Facts about an execution that is a step of a session. */
export type StepResult = z.infer<typeof stepResultSchema>

const resultFields = {
  executionId: z.string(),
  correlationId: z.string(),
  logs: z.array(logEntrySchema),
  logsDropped: z.object({ entries: z.int(), bytes: z.int() }),
  toolCalls: z.array(toolCallSummarySchema),
  warnings: warningsSchema.default([]),
  usage: usageSchema,
  session: stepResultSchema.optional(),
}

/** Result of an execution: the response of `POST /v1/executions`, and the content of the event `finished`. */
export const executionResultSchema = z
  .discriminatedUnion('success', [
    z.object({ success: z.literal(true), result: jsonSchema, ...resultFields }),
    z.object({ success: z.literal(false), error: executionFailureSchema, ...resultFields }),
  ])
  .meta({ id: 'ExecutionResult' })

export type ExecutionResult = z.infer<typeof executionResultSchema>
