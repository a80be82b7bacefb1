import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'

import { headers } from '@codemode/shared'

import type { HttpContext } from './http-context.ts'
import { raceTimeout } from './race-timeout.ts'

/**
 * Responds with text that is JSON already. It is written to Node's own response where there is one, because a
 * `Response` and its stream would take longer than all other work for a small result.
 */
export function jsonResponse(
  c: HttpContext,
  executionId: string,
  { json, status = 200 }: { readonly json: string; readonly status?: 200 | 202 },
): Response {
  const outgoing = c.env?.outgoing
  if (outgoing === undefined) return c.body(json, status, headersOf(executionId))
  outgoing.writeHead(status, { ...headersOf(executionId), 'content-length': Buffer.byteLength(json) }).end(json)
  return RESPONSE_ALREADY_SENT
}

interface SlowResponseOptions {
  readonly executionId: string
  /** Milliseconds after which the response begins. */
  readonly beginAfterMs: number
  /** Milliseconds between two heartbeats. */
  readonly heartbeatMs: number
  /** Resolves when the text is available; never rejects. */
  readonly finished: Promise<void>
  readonly json: () => string | Promise<string>
  /** Returns the status of a response that has not begun when the text is available; 200 by default. */
  readonly status?: () => 200 | 202
}

/**
 * Responds with JSON that is not available yet. Until it is, line breaks serve as heartbeats, because gateways close
 * connections that are quiet. JSON may have whitespace before its value (RFC 8259, section 2).
 */
export async function slowJsonResponse(c: HttpContext, options: SlowResponseOptions): Promise<Response> {
  const { executionId, beginAfterMs, heartbeatMs, finished, json, status = () => 200 } = options
  const outgoing = c.env?.outgoing
  const hasFinished = finished.then(() => true)
  if (outgoing === undefined) await hasFinished
  if (outgoing === undefined || (await raceTimeout(hasFinished, beginAfterMs)))
    return jsonResponse(c, executionId, { json: await json(), status: status() })
  outgoing.writeHead(200, headersOf(executionId)).write('\n')
  const beat = setInterval(() => outgoing.write('\n'), heartbeatMs)
  await hasFinished
  clearInterval(beat)
  outgoing.end(await json())
  return RESPONSE_ALREADY_SENT
}

const headersOf = (executionId: string) => ({ 'content-type': 'application/json', [headers.executionId]: executionId })
