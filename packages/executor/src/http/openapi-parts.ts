// Parts of the OpenAPI document that several operations use.
import {
  correlationIdSchema,
  errorBodySchema,
  errorCodes,
  executionEventSchema,
  executionIdSchema,
  headers,
  instanceReadingSchema,
  knownReadingPattern,
  type RequestErrorCode,
} from '@codemode/shared'
import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from 'zod-openapi'

type Headers = z.ZodObject<Record<string, z.ZodType>>

export const id = z.object({ id: executionIdSchema })
export const status = (value: string) => z.object({ status: z.literal(value) })
export const correlation = {
  [headers.correlationId]: correlationIdSchema.meta({
    description: 'Correlation id of the request, or a new one if the request has none; tool calls carry the same id',
  }),
}
/** Headers of every response. */
export const ofResponse = {
  ...correlation,
  [headers.instance]: instanceReadingSchema.shape.instance.meta({
    description: 'Random id of the executor instance, which is one start of the executor',
  }),
  [headers.clock]: instanceReadingSchema.shape.clockMs.meta({
    description: 'Milliseconds on the monotonic clock of the instance',
  }),
}
export const executionId = { [headers.executionId]: executionIdSchema }
export const lastEventId = {
  [headers.lastEventId]: z
    .string()
    .regex(/^(\d+\.\d+)?$/)
    .optional()
    .meta({ description: 'Id of the last event that was received; the stream resumes after it' }),
}

export const requestHeaders = (more: Record<string, z.ZodType> = {}): Headers =>
  z.object({
    [headers.correlationId]: correlationIdSchema.optional(),
    [headers.traceparent]: z.string().optional().meta({ description: 'W3C Trace Context' }),
    ...more,
  })

export const createHeaders = requestHeaders({
  [headers.idempotencyKey]: executionIdSchema
    .optional()
    .meta({ description: 'Execution id; must equal the id in the body if both are given' }),
  [headers.timeoutMs]: z
    .string()
    .regex(/^\d+$/)
    .optional()
    .meta({ description: 'Milliseconds from sending the request to the deadline of the client' }),
  [headers.known]: z
    .string()
    .regex(knownReadingPattern)
    .optional()
    .meta({
      description:
        'Required for a request that may be repeated: `<instance>=<clock>` of a response that was received before the ' +
        'first attempt that may have arrived, or `none`; the same in all attempts. An executor that does not know the id ' +
        'runs the code only if it is that instance and still knows all executions that have ended since the reading; ' +
        'otherwise it responds with 409 OUTCOME_AMBIGUOUS. Without the header, a request with an unknown id always runs',
    }),
  accept: z
    .string()
    .optional()
    .meta({ description: 'application/json for the result, or text/event-stream for events' }),
  ...lastEventId,
})

/** Returns one response for each HTTP status of the given codes and of INTERNAL. */
export function failures(...codes: RequestErrorCode[]): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy([...codes, 'INTERNAL' as const], (code) => errorCodes[code].httpStatus)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => {
      const mayWait = status === 429 || status === 503
      const waiting = mayWait
        ? { [headers.retryAfter]: z.string().meta({ description: 'Seconds to wait before the next attempt' }) }
        : {}
      return [
        `${status}` as '400',
        {
          description: same.map((code) => `${code}: ${errorCodes[code].meaning}`).join(' '),
          headers: z.object({ ...ofResponse, ...waiting }),
          content: { 'application/json': { schema: errorBodySchema } },
        },
      ]
    }),
  )
}

export function response(description: string, schema: z.ZodType, more: Record<string, z.ZodType> = {}) {
  return { description, headers: z.object({ ...ofResponse, ...more }), content: { 'application/json': { schema } } }
}

export const eventStream = {
  'text/event-stream': {
    schema: executionEventSchema.meta({
      description:
        'The data of one server-sent event. A server-sent event of type `error` has an ErrorBody as its data and ends the stream',
    }),
  },
}

export const cancelResponse = z.object({ ok: z.literal(true) })

export const jsonRequest = (schema: z.ZodType, required = true) => ({
  required,
  content: { 'application/json': { schema } },
})

/** Returns an operation on one execution, with its parameters and its error responses. */
export function ofExecution(
  operation: Pick<ZodOpenApiOperationObject, 'operationId' | 'summary' | 'description' | 'requestBody'> & {
    success: ZodOpenApiResponsesObject[`${1 | 2 | 3 | 4 | 5}${string}`]
    codes?: RequestErrorCode[]
    header?: Record<string, z.ZodType>
    query?: z.ZodObject
  },
): ZodOpenApiOperationObject {
  const { success, codes = [], header, query, ...rest } = operation
  return {
    ...rest,
    requestParams: { path: id, header: requestHeaders(header), ...(query && { query }) },
    responses: { 200: success, ...failures('UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', ...codes) },
  }
}

export const readable = 'Requires the right `read`, or `run` and the owner of the execution.'
