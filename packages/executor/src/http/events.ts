import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import type { HttpEnv } from './http-context.ts'
import { requireRightOrOwner } from './rights.ts'
import { eventStreamResponse, type EventStreamOptions } from './sse.ts'

interface StreamEventsOptions extends EventStreamOptions {
  readonly engine: Pick<Engine, 'find'>
}

/**
 * Handles GET /v1/executions/:id/events: sends the execution's events, from the start or after `last-event-id`, to the
 * end.
 */
export function streamEvents({
  engine,
  ...streamOptions
}: StreamEventsOptions): Handler<HttpEnv, '/v1/executions/:id/events'> {
  return async function streamEvents(c) {
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading the events of this execution' })
    // A HEAD request comes here too. Its stream would have no reader, so nothing would end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream; charset=utf-8' })
    return eventStreamResponse(c, handle, streamOptions)
  }
}
