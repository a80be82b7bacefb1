import {
  cancelRequestSchema,
  codesOfKind,
  correlationIdSchema,
  errorBodySchema,
  errorCodes,
  executionEventSchema,
  executionIdSchema,
  executionRecordSchema,
  executionRequestSchema,
  executionResultSchema,
  headers,
  infoSchema,
  instanceReadingSchema,
  journalSchema,
  knownReadingPattern,
  toolAnswerSchema,
  toolMessageSchema,
  toolResultsRequestSchema,
  toolResultsResponseSchema,
  type RequestErrorCode,
} from '@codemode/shared'
import type { Handler } from 'hono'
import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'

import type { HttpEnv } from './http-context.ts'

type Headers = z.ZodObject<Record<string, z.ZodType>>

const id = z.object({ id: executionIdSchema })
const status = (value: string) => z.object({ status: z.literal(value) })
const correlation = {
  [headers.correlationId]: correlationIdSchema.meta({ description: 'Given or made; the same on every hop' }),
}
/** Headers of every response. */
const ofResponse = {
  ...correlation,
  [headers.instance]: instanceReadingSchema.shape.instance.meta({
    description: 'Random id of this start of the executor',
  }),
  [headers.clock]: instanceReadingSchema.shape.clockMs.meta({
    description: 'Milliseconds on the monotonic clock of the instance',
  }),
}
const executionId = { [headers.executionId]: executionIdSchema }
const lastEventId = {
  [headers.lastEventId]: z.string().regex(/^\d*$/).optional().meta({ description: 'Resumes after this event' }),
}

const requestHeaders = (more: Record<string, z.ZodType> = {}): Headers =>
  z.object({
    [headers.correlationId]: correlationIdSchema.optional(),
    [headers.traceparent]: z.string().optional().meta({ description: 'W3C Trace Context' }),
    ...more,
  })

const createHeaders = requestHeaders({
  [headers.idempotencyKey]: executionIdSchema.optional().meta({ description: "The body's id, if both are given" }),
  [headers.timeoutMs]: z.string().regex(/^\d+$/).optional().meta({ description: 'How long the client still waits' }),
  [headers.known]: z
    .string()
    .regex(knownReadingPattern)
    .optional()
    .meta({
      description:
        'For requests that may be repeated: `<instance>=<clock>` of an earlier response, received before the first attempt ' +
        'that may have arrived, or `none`; the same in all attempts. An executor that does not know the id runs the code ' +
        'only if it is that instance and has forgotten no execution that ended since; otherwise it answers 409 ' +
        'OUTCOME_AMBIGUOUS. Without the header a request with an unknown id always runs',
    }),
  accept: z.string().optional().meta({ description: 'application/json, or text/event-stream for events' }),
  ...lastEventId,
})

/** Returns one response for each HTTP status of the given codes and of INTERNAL. */
function failures(...codes: RequestErrorCode[]): ZodOpenApiResponsesObject {
  const byStatus = Map.groupBy([...codes, 'INTERNAL' as const], (code) => errorCodes[code].httpStatus)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => {
      const mayWait = status === 429 || status === 503
      const waiting = mayWait ? { [headers.retryAfter]: z.string().meta({ description: 'Seconds' }) } : {}
      return [
        `${status}` as '400',
        {
          description: same.join(', '),
          headers: z.object({ ...ofResponse, ...waiting }),
          content: { 'application/json': { schema: errorBodySchema } },
        },
      ]
    }),
  )
}

function answer(description: string, schema: z.ZodType, more: Record<string, z.ZodType> = {}) {
  return { description, headers: z.object({ ...ofResponse, ...more }), content: { 'application/json': { schema } } }
}

const eventStream = {
  'text/event-stream': {
    schema: executionEventSchema.meta({
      description:
        'Each event is the data of one frame; a frame of type error carries an ErrorBody and ends the stream',
    }),
  },
}

const cancelAnswer = z.object({ ok: z.literal(true) })

const jsonRequest = (schema: z.ZodType, required = true) => ({ required, content: { 'application/json': { schema } } })

/** Returns an operation on one execution, with its parameters and its error responses. */
function ofExecution(
  operation: Pick<ZodOpenApiOperationObject, 'operationId' | 'summary' | 'requestBody'> & {
    success: ZodOpenApiResponsesObject[`${1 | 2 | 3 | 4 | 5}${string}`]
    codes?: RequestErrorCode[]
    header?: Record<string, z.ZodType>
  },
): ZodOpenApiOperationObject {
  const { success, codes = [], header, ...rest } = operation
  return {
    ...rest,
    requestParams: { path: id, header: requestHeaders(header) },
    responses: { 200: success, ...failures('UNAUTHORIZED', 'NOT_FOUND', ...codes) },
  }
}

const paths: ZodOpenApiPathsObject = {
  '/livez': {
    get: {
      operationId: 'livez',
      summary: 'Whether the process serves requests',
      security: [],
      responses: { 200: answer('It does', status('live')), ...failures() },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      summary: 'Whether new executions are taken',
      security: [],
      responses: { 200: answer('They are', status('ready')), ...failures('OVERLOADED', 'SHUTTING_DOWN') },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This document',
      security: [],
      responses: { 200: answer('An OpenAPI 3.1 document', z.record(z.string(), z.unknown())), ...failures() },
    },
  },
  '/v1/info': {
    get: {
      operationId: 'readInfo',
      summary: "Versions, isolation, and the key's limits",
      requestParams: { header: requestHeaders() },
      responses: { 200: answer('What this executor is', infoSchema), ...failures('UNAUTHORIZED') },
    },
  },
  '/v1/executions': {
    post: {
      operationId: 'createExecution',
      summary: 'Run code',
      description:
        'Code that throws is not a failed request: the answer is 200 with success: false. The same id with the same body ' +
        'attaches to the execution. A request with `x-codemode-known` runs only if it is certain that no earlier attempt has run.',
      requestParams: { header: createHeaders },
      requestBody: jsonRequest(executionRequestSchema),
      responses: {
        200: {
          ...answer('How the execution ended, or its events', executionResultSchema, executionId),
          content: { 'application/json': { schema: executionResultSchema }, ...eventStream },
        },
        ...failures(...codesOfKind('request').filter((code) => code !== 'SESSION_EXPIRED')),
      },
      callbacks: {
        toolCall: {
          '{$request.body#/callback/url}': {
            post: {
              summary: 'A tool call, or that it was cancelled, signed after Standard Webhooks with the token as key',
              requestParams: {
                header: z.object({
                  [headers.authorization]: z.string().meta({ description: 'Bearer and the token of the callback' }),
                  'webhook-id': z.string().meta({ description: 'The call id' }),
                  'webhook-timestamp': z.string().meta({ description: 'Seconds since the epoch' }),
                  'webhook-signature': z.string(),
                  ...correlation,
                  ...executionId,
                }),
              },
              requestBody: jsonRequest(toolMessageSchema),
              responses: {
                200: {
                  description:
                    'The answer to a call; to `tool.cancel` always `{ "ok": true }`, also when the call is over',
                  content: { 'application/json': { schema: z.union([toolAnswerSchema, cancelAnswer]) } },
                },
              },
            },
          },
        },
      },
    },
  },
  '/v1/executions/{id}': {
    get: ofExecution({
      operationId: 'readExecution',
      summary: 'Where an execution stands, and its result',
      success: answer('The record', executionRecordSchema, executionId),
    }),
  },
  '/v1/executions/{id}/events': {
    get: ofExecution({
      operationId: 'streamEvents',
      summary: 'The events of an execution, from the start or after one',
      header: lastEventId,
      success: {
        description: 'The events',
        headers: z.object({ ...ofResponse, ...executionId }),
        content: eventStream,
      },
      codes: ['INVALID_REQUEST', 'EVENTS_GONE'],
    }),
  },
  '/v1/executions/{id}/journal': {
    get: ofExecution({
      operationId: 'readJournal',
      summary: 'What it takes to run the execution again exactly',
      success: answer('The journal', journalSchema, executionId),
    }),
  },
  '/v1/executions/{id}/cancel': {
    post: ofExecution({
      operationId: 'cancelExecution',
      summary: 'Stop the guest and its tool calls',
      requestBody: jsonRequest(cancelRequestSchema, false),
      success: answer('The record after that', executionRecordSchema, executionId),
      codes: ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE'],
    }),
  },
  '/v1/executions/{id}/tool-results': {
    post: ofExecution({
      operationId: 'takeToolResults',
      summary: 'Answer tool calls of a stream',
      requestBody: jsonRequest(toolResultsRequestSchema),
      success: answer('Which answers were taken', toolResultsResponseSchema, executionId),
      codes: ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE'],
    }),
  },
}

/**
 * Handles GET /openapi.json: responds with the description of the API, made from the schemas that the routes parse
 * with.
 */
export function openapi({ version }: { version: string }): Handler<HttpEnv> {
  let document: string | undefined
  return function openapi(c) {
    document ??= JSON.stringify(openapiDocument(version))
    return c.body(document, 200, { 'content-type': 'application/json' })
  }
}

/** Returns the OpenAPI document. */
export function openapiDocument(version: string): ReturnType<typeof createDocument> {
  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'Codemode executor', version, license: { name: 'MIT', identifier: 'MIT' } },
      security: [{ apiKey: [] }],
      paths,
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
    },
    { allowEmptySchema: { custom: true, unknown: true } },
  )
}
