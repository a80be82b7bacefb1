import { RequestError } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine } from '../engine/engine.ts'
import { quotedHead } from '../problem-texts.ts'
import type { HttpEnv } from './http-context.ts'
import { requireOwner, requireRightOrOwner } from './rights.ts'
import { eventStreamResponse, type EventStreamOptions } from './sse.ts'

interface StreamEventsOptions extends EventStreamOptions {
  readonly engine: Pick<Engine, 'find'>
}

function readServe(text: string | undefined): boolean {
  if (text === undefined || text === '1') return text === '1'
  throw new RequestError('INVALID_REQUEST', `The query is not valid: serve is ${quotedHead(text)}; it must be 1.`)
}

/**
 * Handles GET /v1/executions/:id/events: sends the execution's events, from the start or after `last-event-id`, to the
 * end. With `serve=1` the reader serves the tool calls of an execution without a callback, as the only one.
 */
export function streamEvents({
  engine,
  ...streamOptions
}: StreamEventsOptions): Handler<HttpEnv, '/executions/:id/events'> {
  return async function streamEvents(c) {
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading the events of this execution' })
    // A HEAD request comes here too. Its stream would have no reader, so nothing would end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const isServing = readServe(c.req.query('serve'))
    if (isServing) requireOwner(principal, { execution: handle, action: 'Serving the tool calls of this execution' })
    return eventStreamResponse(c, handle, { ...streamOptions, isServing })
  }
}
