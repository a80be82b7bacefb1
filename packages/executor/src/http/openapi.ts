import {
  cancelRequestSchema,
  codesOfKind,
  executionRecordSchema,
  executionRequestSchema,
  executionResultSchema,
  headers,
  infoSchema,
  journalSchema,
  toolAnswerSchema,
  toolMessageSchema,
  toolResultsRequestSchema,
  toolResultsResponseSchema,
} from '@codemode/shared'
import type { Handler } from 'hono'
import { z } from 'zod'
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi'

import { allRights } from '../engine/principal.ts'
import type { HttpEnv } from './http-context.ts'
import {
  cancelResponse,
  correlation,
  createHeaders,
  eventStream,
  executionId,
  failures,
  jsonRequest,
  lastEventId,
  ofExecution,
  ofResponse,
  requestHeaders,
  response,
  status,
} from './openapi-parts.ts'

const readable = 'Requires the right `read`, or `run` and the owner of the execution.'

const paths: ZodOpenApiPathsObject = {
  '/livez': {
    get: {
      operationId: 'livez',
      summary: 'Report whether the process serves requests',
      security: [],
      responses: { 200: response('The process serves requests', status('live')), ...failures() },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      summary: 'Report whether new executions are accepted',
      security: [],
      responses: {
        200: response('New executions are accepted', status('ready')),
        ...failures('OVERLOADED', 'SHUTTING_DOWN'),
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'Read this document',
      security: [],
      responses: { 200: response('An OpenAPI 3.1 document', z.record(z.string(), z.unknown())), ...failures() },
    },
  },
  '/v1/info': {
    get: {
      operationId: 'readInfo',
      summary: 'Read the versions, the isolation, and the limits of the API key',
      requestParams: { header: requestHeaders() },
      responses: { 200: response('Information about the executor', infoSchema), ...failures('UNAUTHORIZED') },
    },
  },
  '/v1/executions': {
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
        ...failures(...codesOfKind('request').filter((code) => code !== 'SESSION_EXPIRED')),
      },
      callbacks: {
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
                  content: { 'application/json': { schema: z.union([toolAnswerSchema, cancelResponse]) } },
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
      summary: 'Read the status of an execution, and its result',
      description: readable,
      success: response('The record of the execution', executionRecordSchema, executionId),
    }),
  },
  '/v1/executions/{id}/events': {
    get: ofExecution({
      operationId: 'streamEvents',
      summary: 'Stream the events of an execution, from the first or after a given one',
      description: readable,
      header: lastEventId,
      success: {
        description: 'The events of the execution',
        headers: z.object({ ...ofResponse, ...executionId }),
        content: eventStream,
      },
      codes: ['INVALID_REQUEST'],
    }),
  },
  '/v1/executions/{id}/journal': {
    get: ofExecution({
      operationId: 'readJournal',
      summary: 'Read the journal, from which the execution can be replayed',
      description: readable,
      success: response('The journal of the execution', journalSchema, executionId),
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
      summary: 'Answer tool calls that the client got from the event stream',
      description: 'Requires the right `run` and the owner of the execution.',
      requestBody: jsonRequest(toolResultsRequestSchema),
      success: response('Ids of the calls whose answers were accepted', toolResultsResponseSchema, executionId),
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
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An API key. It belongs to a tenant, has an owner within the tenant, and has some or all of the rights ' +
              `${allRights.join(', ')}. Executions of other tenants do not exist for it.`,
          },
        },
      },
    },
    { allowEmptySchema: { custom: true, unknown: true } },
  )
}
