import { RequestError } from '@codemode/shared'
import type { Handler } from 'hono'

import type { Engine, ExecutionHandle } from '../engine/engine.ts'
import type { Principal } from '../engine/principal.ts'
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
 * end. The key of the reader is checked again before events or a heartbeat are written, and ends the stream when it is not
 * valid any more or has lost the right. With `serve=1` the reader serves the tool calls of an execution without a callback, as the only one.
 */
export function streamEvents({
  engine,
  ...streamOptions
}: StreamEventsOptions): Handler<HttpEnv, '/executions/:id/events'> {
  return async function streamEvents(c) {
    const principal = c.get('principal')
    const handle = await engine.find(principal.tenant, c.req.param('id'))
    requireReader(principal, handle)
    // A HEAD request comes here too. Its stream would have no reader, so nothing would end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const isServing = readServe(c.req.query('serve'))
    if (isServing) requireServer(principal, handle)
    const checkReader = async () => {
      const reader = await c.get('authenticate')()
      if (reader.tenant !== principal.tenant)
        throw new RequestError('FORBIDDEN', 'The API key belongs to another tenant now.')
      requireReader(reader, handle)
      if (isServing) requireServer(reader, handle)
    }
    return eventStreamResponse(c, handle, { ...streamOptions, isServing, checkReader })
  }
}

function requireReader(principal: Principal, execution: ExecutionHandle): void {
  requireRightOrOwner(principal, 'read', { execution, action: 'Reading the events of this execution' })
}

function requireServer(principal: Principal, execution: ExecutionHandle): void {
  requireOwner(principal, { execution, action: 'Serving the tool calls of this execution' })
}
