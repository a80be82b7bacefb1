import {
  acceptedExecutionSchema,
  approvalListSchema,
  approvalQuerySchema,
  approvalSchema,
  callbackSchema,
  decisionRequestSchema,
} from '@codemode/shared'
import { z } from 'zod'
import type { ZodOpenApiPathsObject } from 'zod-openapi'

import { executionId, failures, id, jsonRequest, requestHeaders, response } from './openapi-parts.ts'

/** Paths of approvals, and of the callbacks of executions that go on after one. */
export const approvalPaths: ZodOpenApiPathsObject = {
  '/v1/approvals': {
    get: {
      operationId: 'listApprovals',
      summary: "List the tenant's approvals",
      description:
        'Requires the right `approve` or `read` for those of all owners; with `run` alone, lists those of its own owner.',
      requestParams: { query: approvalQuerySchema, header: requestHeaders() },
      responses: {
        200: response('A page of approvals', approvalListSchema),
        ...failures('INVALID_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'STORE_DISABLED', 'STORE_UNAVAILABLE'),
      },
    },
  },
  '/v1/executions/{id}/approvals/{callId}': {
    post: {
      operationId: 'decideApproval',
      summary: 'Approve or reject a tool call, or respond in its place',
      description:
        'Requires the right `approve`. The decision names the hash of the input that it is about. The same decision may be ' +
        'sent again; another one is refused with the current approval.',
      requestParams: {
        path: id.extend({ callId: z.string().meta({ description: 'Id of the tool call' }) }),
        header: requestHeaders(),
      },
      requestBody: jsonRequest(decisionRequestSchema),
      responses: {
        200: response('The approval after the decision', approvalSchema, executionId),
        ...failures(
          'INVALID_REQUEST',
          'UNAUTHORIZED',
          'FORBIDDEN',
          'NOT_FOUND',
          'APPROVAL_CONFLICT',
          'PAYLOAD_TOO_LARGE',
          'STORE_DISABLED',
          'STORE_UNAVAILABLE',
        ),
      },
    },
  },
  '/v1/executions/{id}/callback': {
    put: {
      operationId: 'replaceCallback',
      summary: 'Replace the callback by which the tools of a detached execution are called',
      description: 'Requires the right `run` and the owner of the execution.',
      requestParams: { path: id, header: requestHeaders() },
      requestBody: jsonRequest(callbackSchema),
      responses: {
        200: response(
          'The execution, whose calls use the callback from now on',
          acceptedExecutionSchema.omit({ status: true }),
          executionId,
        ),
        ...failures(
          'INVALID_REQUEST',
          'UNAUTHORIZED',
          'FORBIDDEN',
          'CALLBACK_FORBIDDEN',
          'NOT_FOUND',
          'EXECUTION_SERVED',
          'PAYLOAD_TOO_LARGE',
          'STORE_DISABLED',
          'STORE_UNAVAILABLE',
        ),
      },
    },
  },
}
