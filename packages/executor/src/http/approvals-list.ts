import { approvalQuerySchema } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { approvalText } from '../engine/state/approval-text.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { requireRight } from './rights.ts'

/**
 * Handles GET /v1/approvals: responds with a page of the tenant's approvals, or of those of the key's owner if the key may
 * neither read nor approve those of others.
 */
export function listApprovals({ engine }: { engine: Pick<Engine, 'listApprovals'> }): Handler<HttpEnv> {
  return async function listApprovals(c) {
    const query = readQuery(c, approvalQuerySchema)
    const { tenant, owner, rights } = c.get('principal')
    const seesAll = rights.includes('read') || rights.includes('approve')
    if (!seesAll) requireRight(c.get('principal'), 'run', 'Listing approvals')
    const page = await engine.listApprovals(tenant, { ...query, ...(!seesAll && { owner }) })
    const items = page.items.map((approval) => approvalText(approval.executionId, approval))
    // Inputs are passed on as the guest wrote them.
    const json = `{"items":[${items.join(',')}],"nextCursor":${JSON.stringify(page.nextCursor)}}`
    return c.body(json, 200, { 'content-type': 'application/json' })
  }
}
