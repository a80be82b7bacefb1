import { headers, RequestError, toolResultsRequestSchema, type ToolResultsResponse } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireOwner } from './rights.ts'

const readBody = jsonBody({ schema: toolResultsRequestSchema, maxBytes: bodyLimits.toolResultsBytes })

/** Handles POST /v1/executions/:id/tool-results: takes answers to calls that the client got as `tool.called` events. */
export function takeToolResults({
  engine,
}: {
  engine: Pick<Engine, 'find'>
}): Handler<HttpEnv, '/v1/executions/:id/tool-results'> {
  return async function takeToolResults(c) {
    const { value } = await readBody(c.req.raw)
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireOwner(principal, { execution: handle, action: 'Answering tool calls of this execution' })
    const accepted: string[] = []
    const refusals: RequestError[] = []
    for (const { callId, answer } of value.results) {
      try {
        if (await handle.answerCall(callId, answer)) accepted.push(callId)
      } catch (error) {
        if (!(error instanceof RequestError) || error.code !== 'APPROVAL_CONFLICT') throw error
        refusals.push(error)
      }
    }
    // Answers that were accepted are reported, also beside refused ones.
    if (accepted.length === 0 && refusals[0] !== undefined) throw refusals[0]
    c.header(headers.executionId, handle.id)
    return c.json({ accepted } satisfies ToolResultsResponse)
  }
}
