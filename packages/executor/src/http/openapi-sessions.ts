import {
  acceptedExecutionSchema,
  codesOfKind,
  executionRequestSchema,
  executionResultSchema,
  forkRequestSchema,
  sessionIdSchema,
  sessionListSchema,
  sessionQuerySchema,
  sessionRecordSchema,
  sessionRequestSchema,
} from '@codemode/shared'
import { z } from 'zod'
import type { ZodOpenApiPathsObject } from 'zod-openapi'

import {
  createHeaders,
  eventStream,
  executionId,
  failures,
  jsonRequest,
  requestHeaders,
  response,
} from './openapi-parts.ts'

const path = z.object({ session: sessionIdSchema })

/** Codes of failures of every request about one session. */
const sessionCodes = ['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'SESSION_EXPIRED', 'STORE_UNAVAILABLE'] as const

/** Codes that steps do not have. */
const notOfSteps: readonly string[] = ['APPROVAL_CONFLICT', 'EXECUTION_ENDED', 'EXECUTION_SERVED']

/** Paths of sessions. */
export const sessionPaths: ZodOpenApiPathsObject = {
  '/v1/sessions': {
    get: {
      operationId: 'listSessions',
      summary: "List the tenant's durable sessions and those in the memory of this node, newest first",
      description: 'Requires the right `read` for those of all owners; with `run` alone, lists those of its own owner.',
      requestParams: { query: sessionQuerySchema, header: requestHeaders() },
      responses: {
        200: response('A page of sessions', sessionListSchema),
        ...failures('INVALID_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'STORE_UNAVAILABLE'),
      },
    },
    post: {
      operationId: 'createSession',
      summary: 'Create a session, or attach to the one with the same id',
      description:
        'With durable: true, the session is stored, and all nodes have it; otherwise it is in the memory of this node, and ends ' +
        'with it. Requires the right `run`.',
      requestParams: { header: requestHeaders() },
      requestBody: jsonRequest(sessionRequestSchema, false),
      responses: {
        200: response('The session, which existed', sessionRecordSchema),
        201: response('The new session', sessionRecordSchema),
        ...failures(
          'INVALID_REQUEST',
          'UNAUTHORIZED',
          'FORBIDDEN',
          'IDEMPOTENCY_CONFLICT',
          'SESSION_EXPIRED',
          'STORE_DISABLED',
          'STORE_UNAVAILABLE',
          'PAYLOAD_TOO_LARGE',
          'RATE_LIMITED',
        ),
      },
    },
  },
  '/v1/sessions/{session}': {
    get: {
      operationId: 'readSession',
      summary: 'Read a session: its steps and its variables',
      description: 'Requires the right `read`, or `run` and the owner of the session.',
      requestParams: { path, header: requestHeaders() },
      responses: { 200: response('The session', sessionRecordSchema), ...failures(...sessionCodes) },
    },
    delete: {
      operationId: 'endSession',
      summary: 'End a session: its steps are cancelled, and its variables are gone',
      description: 'Requires the right `run` and the owner of the session.',
      requestParams: { path, header: requestHeaders() },
      responses: { 200: response('The session that was ended', sessionRecordSchema), ...failures(...sessionCodes) },
    },
  },
  '/v1/sessions/{session}/steps': {
    post: {
      operationId: 'createStep',
      summary: 'Run code as the next step of a session',
      description:
        'A step is an execution, with all its routes. Steps run one after the other in the order of acceptance. A step of a ' +
        'durable session is a detached execution: the response has status 202 once it is stored. That of another session begins ' +
        'when the step is accepted, with status 200: for a step behind others at once, for any other one when it starts. The ' +
        'body is that of an execution without context, config and options of detached executions. Requires the right `run` and ' +
        'the owner of the session.',
      requestParams: { path, header: createHeaders },
      requestBody: jsonRequest(executionRequestSchema),
      responses: {
        200: {
          ...response('The result of the step, or its events', executionResultSchema, executionId),
          content: { 'application/json': { schema: executionResultSchema }, ...eventStream },
        },
        202: response('The step of a durable session, which is stored', acceptedExecutionSchema, executionId),
        ...failures(...codesOfKind('request').filter((code) => !notOfSteps.includes(code))),
      },
    },
  },
  '/v1/sessions/{session}/fork': {
    post: {
      operationId: 'forkSession',
      summary: 'Create a session with the state after a step of this one',
      description: 'Requires the right `run` and the owner of the session.',
      requestParams: { path, header: requestHeaders() },
      requestBody: jsonRequest(forkRequestSchema, false),
      responses: {
        201: response('The new session', sessionRecordSchema),
        ...failures(...sessionCodes, 'INVALID_REQUEST', 'IDEMPOTENCY_CONFLICT', 'PAYLOAD_TOO_LARGE', 'RATE_LIMITED'),
      },
    },
  },
  '/v1/sessions/{session}/reset': {
    post: {
      operationId: 'resetSession',
      summary: 'Start a session over without variables, after the steps that were accepted',
      description:
        'Of a durable session, answers at once: steps that were accepted before run with the old variables. Requires the right ' +
        '`run` and the owner of the session.',
      requestParams: { path, header: requestHeaders() },
      responses: { 200: response('The session', sessionRecordSchema), ...failures(...sessionCodes) },
    },
  },
}
