import {
  headers,
  RequestError,
  toolResultsRequestSchema,
  type ToolResultsRequest,
  type ToolResultsResponse,
} from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine, ExecutionHandle } from '../engine/engine.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireOwner } from './rights.ts'

const readBody = jsonBody({ schema: toolResultsRequestSchema, maxBytes: bodyLimits.toolResultsBytes })

/** Handles POST /v1/executions/:id/tool-results: takes answers to calls that the client got as `tool.called` events. */
export function takeToolResults({
  engine,
}: {
  engine: Pick<Engine, 'find'>
}): Handler<HttpEnv, '/executions/:id/tool-results'> {
  return async function takeToolResults(c) {
    const { value } = await readBody(c.req.raw)
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireOwner(principal, { execution: handle, action: 'Answering tool calls of this execution' })
    const { accepted, conflict } = await answerAll(handle, value.results)
    if (accepted.length === 0 && conflict !== undefined) throw conflict
    c.header(headers.executionId, handle.id)
    return c.json({ accepted } satisfies ToolResultsResponse)
  }
}

/**
 * Answers calls one after another. Answers to calls that wait for approvals are refused; such a refusal is an error of the
 * request only if no other answer was accepted, so that a refused request has had no effect.
 */
async function answerAll(
  handle: Pick<ExecutionHandle, 'answerCall'>,
  results: ToolResultsRequest['results'],
): Promise<{ accepted: string[]; conflict: RequestError | undefined }> {
  const accepted: string[] = []
  let conflict: RequestError | undefined
  for (const { callId, answer } of results) {
    try {
      if (await handle.answerCall(callId, answer)) accepted.push(callId)
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'APPROVAL_CONFLICT') throw error
      conflict ??= error
    }
  }
  return { accepted, conflict }
}
