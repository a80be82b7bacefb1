import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'

import { headers } from '@codemode/shared'

import type { HttpContext } from './env.ts'

/**
 * Answers about an execution with text that is JSON already. It goes to Node's own response where there is one: a
 * `Response` and its stream would cost more than all else that is done here for a small result.
 */
export function jsonAnswer(c: HttpContext, executionId: string, json: string): Response {
  const answerHeaders = { 'content-type': 'application/json', [headers.executionId]: executionId }
  const outgoing = c.env?.outgoing
  if (outgoing === undefined) return c.body(json, 200, answerHeaders)
  outgoing.writeHead(200, { ...answerHeaders, 'content-length': Buffer.byteLength(json) }).end(json)
  return RESPONSE_ALREADY_SENT
}
