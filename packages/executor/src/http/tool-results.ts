import { headers, toolResultsRequestSchema, type ToolResultsResponse } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './env.ts'

const readBody = jsonBody({ schema: toolResultsRequestSchema, maxBytes: bodyLimits.toolResultsBytes })

/** POST /v1/executions/:id/tool-results: answers calls that the client saw as `tool.called` events. */
export function takeToolResults({
  engine,
}: {
  engine: Pick<Engine, 'find'>
}): Handler<HttpEnv, '/v1/executions/:id/tool-results'> {
  return async function takeToolResults(c) {
    const { value } = await readBody(c.req.raw)
    const handle = engine.find(c.get('principal').tenant, c.req.param('id'))
    const taken = value.results.filter(({ callId, answer }) => handle.answerCall(callId, answer))
    c.header(headers.executionId, handle.id)
    return c.json({ accepted: taken.map(({ callId }) => callId) } satisfies ToolResultsResponse)
  }
}
