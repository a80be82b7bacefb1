import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'

import { headers } from '@codemode/shared'

import type { HttpContext } from './env.ts'
import { within } from './within.ts'

/**
 * Answers about an execution with text that is JSON already. It is written to Node's own response where there is one: a
 * `Response` and its stream would cost more than everything else that is done here for a small result.
 */
export function jsonAnswer(c: HttpContext, executionId: string, json: string): Response {
  const outgoing = c.env?.outgoing
  if (outgoing === undefined) return c.body(json, 200, headersOf(executionId))
  outgoing.writeHead(200, { ...headersOf(executionId), 'content-length': Buffer.byteLength(json) }).end(json)
  return RESPONSE_ALREADY_SENT
}

interface SlowAnswer {
  readonly executionId: string
  /** Milliseconds after which the answer begins, and between two signs of life. */
  readonly heartbeatMs: number
  /** Resolves when the text is there; it never rejects. */
  readonly finished: Promise<void>
  readonly json: () => string
}

/**
 * Answers with JSON that is still to come. While it is, line breaks keep the connection open: gateways end requests that are
 * quiet, and JSON may have blanks before its value (RFC 8259, section 2).
 */
export async function slowJsonAnswer(c: HttpContext, answer: SlowAnswer): Promise<Response> {
  const { executionId, heartbeatMs, finished, json } = answer
  const outgoing = c.env?.outgoing
  const hasFinished = finished.then(() => true)
  if (outgoing === undefined) await hasFinished
  if (outgoing === undefined || (await within(hasFinished, heartbeatMs))) return jsonAnswer(c, executionId, json())
  outgoing.writeHead(200, headersOf(executionId)).write('\n')
  const beat = setInterval(() => outgoing.write('\n'), heartbeatMs)
  await hasFinished
  clearInterval(beat)
  outgoing.end(json())
  return RESPONSE_ALREADY_SENT
}

const headersOf = (executionId: string) => ({ 'content-type': 'application/json', [headers.executionId]: executionId })
