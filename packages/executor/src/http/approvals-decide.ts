import { decisionRequestSchema, headers, RequestError } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRight } from './rights.ts'

interface DecideOptions {
  readonly engine: Pick<Engine, 'find' | 'decide'>
  /** True if keys may not decide about executions of their own owner. */
  readonly forbidSelfApproval: boolean
}

const readBody = jsonBody({
  schema: decisionRequestSchema,
  maxBytes: bodyLimits.toolResultsBytes,
  refusesInexactNumbers: true,
})

/** Handles POST /v1/executions/:id/approvals/:callId: decides about a tool call that waits for an approval. */
export function decideApproval({
  engine,
  forbidSelfApproval,
}: DecideOptions): Handler<HttpEnv, '/executions/:id/approvals/:callId'> {
  return async function decideApproval(c) {
    const principal = c.get('principal')
    const { value: request } = await readBody(c.req.raw)
    const { id, owner } = await engine.find(principal.tenant, c.req.param('id'))
    requireRight(principal, 'approve', 'Deciding about an approval')
    if (forbidSelfApproval && owner === principal.owner) throw selfApproval(id)
    const json = await engine.decide({ id, callId: c.req.param('callId'), request, principal })
    return c.body(json, 200, { 'content-type': 'application/json', [headers.executionId]: id })
  }
}

function selfApproval(executionId: string): RequestError {
  return new RequestError('FORBIDDEN', 'The owner of an execution may not decide about its approvals.', {
    executionId,
    suggestion: 'Decide with a key of another owner that has the right "approve".',
  })
}
