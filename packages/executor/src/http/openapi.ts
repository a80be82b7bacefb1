import { infoSchema } from '@codemode/shared'
import type { Handler } from 'hono'
import { z } from 'zod'
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi'

import { allRights } from '../engine/principal.ts'
import type { HttpEnv } from './http-context.ts'
import { approvalPaths } from './openapi-approvals.ts'
import { sessionPaths } from './openapi-sessions.ts'
import { executionPaths } from './openapi-executions.ts'
import { notificationPaths } from './openapi-notifications.ts'
import { status, requestHeaders, response, failures, ofResponse } from './openapi-parts.ts'

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
  '/metrics': {
    get: {
      operationId: 'readMetrics',
      summary: 'Read the metrics of this node in the text format of Prometheus',
      description: 'Requires the right `operate`.',
      requestParams: { header: requestHeaders() },
      responses: {
        200: {
          description: 'The metrics',
          headers: z.object(ofResponse),
          content: { 'text/plain': { schema: z.string() } },
        },
        ...failures('UNAUTHORIZED', 'FORBIDDEN', 'STORE_UNAVAILABLE'),
      },
    },
  },
  '/v1/info': {
    get: {
      operationId: 'readInfo',
      summary: 'Read the versions, the isolation, and the limits of the API key',
      requestParams: { header: requestHeaders() },
      responses: {
        200: response('Information about the executor', infoSchema),
        ...failures('UNAUTHORIZED', 'STORE_UNAVAILABLE'),
      },
    },
  },
  ...executionPaths,
  ...approvalPaths,
  ...sessionPaths,
  ...notificationPaths,
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
