import {
  codesOfKind,
  acceptedExecutionSchema,
  cancelRequestSchema,
  executionCountsQuerySchema,
  executionCountsSchema,
  executionListSchema,
  executionQuerySchema,
  executionRecordSchema,
  executionRequestSchema,
  executionResultSchema,
  headers,
  journalQuerySchema,
  journalSchema,
  pausedExecutionSchema,
  replayVerdictSchema,
  retryRequestSchema,
  toolMessageSchema,
  toolResponseSchema,
  toolResultsRequestSchema,
  toolResultsResponseSchema,
} from '@codemode/shared'
import { z } from 'zod'
import type { ZodOpenApiPathsObject } from 'zod-openapi'

import { notificationCallback } from './openapi-notifications.ts'
import {
  id,
  executionId,
  lastEventId,
  requestHeaders,
  createHeaders,
  failures,
  response,
  eventStream,
  cancelResponse,
  jsonRequest,
  ofExecution,
  readable,
  correlation,
  ofResponse,
} from './openapi-parts.ts'

/** Codes of failures to run a detached execution again. */
const retryCodes = [
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'CALLBACK_FORBIDDEN',
  'NOT_FOUND',
  'IDEMPOTENCY_CONFLICT',
  'RESULT_GONE',
  'PAYLOAD_TOO_LARGE',
  'RATE_LIMITED',
  'STORE_DISABLED',
  'STORE_UNAVAILABLE',
  'SHUTTING_DOWN',
] as const

/** Codes of requests with which creating an execution never fails. */
const notOfCreation = new Set<string>([
  'SESSION_EXPIRED',
  'SESSION_FULL',
  'EXECUTION_ENDED',
  'APPROVAL_CONFLICT',
  'EXECUTION_SERVED',
])

/** Paths of executions. */
export const executionPaths: ZodOpenApiPathsObject = {
  '/v1/executions': {
    get: {
      operationId: 'listExecutions',
      summary: "List the tenant's executions in the store, and the attached ones of the node, newest first",
      description: 'Requires the right `read` for those of all owners; with `run` alone, lists those of its own owner.',
      requestParams: { query: executionQuerySchema, header: requestHeaders() },
      responses: {
        200: response('A page of executions', executionListSchema),
        ...failures('INVALID_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'STORE_UNAVAILABLE'),
      },
    },
    post: {
      operationId: 'createExecution',
      summary: 'Run code',
      description:
        'Code that throws is not a failed request: the response is 200 with `success: false`. A request with the id and the ' +
        'body of an execution attaches to it; if the execution has another owner, this requires the right `read`. A request ' +
        'with `x-codemode-known` runs only if no earlier attempt can have run. Requires the right `run`.',
      requestParams: { header: createHeaders },
      requestBody: jsonRequest(executionRequestSchema),
      responses: {
        200: {
          ...response('The result of the execution, or its events', executionResultSchema, executionId),
          content: { 'application/json': { schema: executionResultSchema }, ...eventStream },
        },
        202: response(
          'The detached execution, which has been stored; or an execution that waits for approvals, and has become a detached one',
          z.union([acceptedExecutionSchema, pausedExecutionSchema]),
          executionId,
        ),
        ...failures(...codesOfKind('request').filter((code) => !notOfCreation.has(code))),
      },
      callbacks: {
        notification: notificationCallback,
        toolCall: {
          '{$request.body#/callback/url}': {
            post: {
              summary:
                'Call a tool, or cancel a call. Signed by Standard Webhooks with the token of the callback as the key',
              requestParams: {
                header: z.object({
                  [headers.authorization]: z.string().meta({ description: '`Bearer` and the token of the callback' }),
                  'webhook-id': z.string().meta({ description: 'Id of the call' }),
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
                    'The answer to a call; for `tool.cancel` always `{ "ok": true }`, even if the call has ended',
                  content: { 'application/json': { schema: z.union([toolResponseSchema, cancelResponse]) } },
                },
              },
            },
          },
        },
      },
    },
  },
  '/v1/executions/counts': {
    get: {
      operationId: 'countExecutions',
      summary: 'Count the executions of the list by outcome and by the interval in which they were created',
      description:
        'Requires the right `read` for those of all owners; with `run` alone, counts those of its own owner.',
      requestParams: { query: executionCountsQuerySchema, header: requestHeaders() },
      responses: {
        200: response('The counts', executionCountsSchema),
        ...failures('INVALID_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'STORE_UNAVAILABLE'),
      },
    },
  },
  '/v1/executions/{id}': {
    get: ofExecution({
      operationId: 'readExecution',
      summary: 'Read the status of an execution, and its result',
      description: readable,
      header: {
        'if-none-match': z
          .string()
          .optional()
          .meta({ description: 'The `etag` of a record: 304 without a record if the journal has got no entry since' }),
      },
      success: response('The record of the execution', executionRecordSchema, executionId),
    }),
  },
  '/v1/executions/{id}/events': {
    get: ofExecution({
      operationId: 'streamEvents',
      summary: 'Stream the events of an execution, from the first or after a given one',
      description:
        `${readable} With serve=1, the reader serves the tool calls of an execution without a callback, as the only one; ` +
        'this requires the right `run` and the owner of the execution.',
      header: lastEventId,
      query: z.object({ serve: z.literal('1').optional() }),
      success: {
        description: 'The events of the execution',
        headers: z.object({ ...ofResponse, ...executionId }),
        content: eventStream,
      },
      codes: ['INVALID_REQUEST', 'EXECUTION_SERVED', 'STORE_UNAVAILABLE'],
    }),
  },
  '/v1/executions/{id}/journal': {
    get: ofExecution({
      operationId: 'readJournal',
      summary: 'Read the journal, from which the execution can be replayed',
      description: readable,
      query: journalQuerySchema,
      success: response('The journal of the execution', journalSchema, executionId),
      codes: ['INVALID_REQUEST'],
    }),
  },
  '/v1/executions/{id}/cancel': {
    post: ofExecution({
      operationId: 'cancelExecution',
      summary: 'Cancel an execution and its tool calls',
      description: 'Requires the right `operate`, or `run` and the owner of the execution.',
      requestBody: jsonRequest(cancelRequestSchema, false),
      success: response('The record after the cancellation', executionRecordSchema, executionId),
      codes: ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE'],
    }),
  },
  '/v1/executions/{id}/tool-results': {
    post: ofExecution({
      operationId: 'takeToolResults',
      summary: 'Answer tool calls that the client got from the event stream, or whose answers were deferred',
      description: 'Requires the right `run` and the owner of the execution.',
      requestBody: jsonRequest(toolResultsRequestSchema),
      success: response('Ids of the calls whose answers were accepted', toolResultsResponseSchema, executionId),
      codes: ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', 'APPROVAL_CONFLICT', 'STORE_UNAVAILABLE'],
    }),
  },
  '/v1/executions/{id}/retry': {
    post: {
      operationId: 'retryExecution',
      summary: 'Run the code of an execution again, or other code or input, as a new detached execution',
      description:
        'Requires the right `operate`, or `run` and the owner of the execution; other code or input also requires `run`. ' +
        'Without a callback, tool calls wait for a client that resumes the new execution.',
      requestParams: { path: id, header: requestHeaders() },
      requestBody: jsonRequest(retryRequestSchema, false),
      responses: {
        201: response('The new execution, which has been stored', acceptedExecutionSchema, executionId),
        ...failures(...retryCodes),
      },
    },
  },
  '/v1/executions/{id}/replay': {
    post: ofExecution({
      operationId: 'replayExecution',
      summary: 'Replay the journal of an execution now, and compare; calls no tool and changes nothing',
      description: readable,
      success: response('The verdict', replayVerdictSchema, executionId),
      codes: ['RATE_LIMITED'],
    }),
  },
  '/v1/executions/{id}/wake': {
    post: {
      operationId: 'wakeExecution',
      summary: 'Try to continue a detached execution that needs attention',
      description: 'Requires the right `operate`, or `run` and the owner of the execution.',
      requestParams: { path: id, header: requestHeaders() },
      responses: {
        202: response('The execution, which is tried again', acceptedExecutionSchema, executionId),
        ...failures('UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'EXECUTION_ENDED', 'STORE_DISABLED', 'STORE_UNAVAILABLE'),
      },
    },
  },
}
