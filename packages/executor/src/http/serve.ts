import { createServer, type Server } from 'node:http'

import { newCorrelationId, RequestError } from '@codemode/shared'
import { getRequestListener, RequestError as MalformedRequest } from '@hono/node-server'
import type { Hono } from 'hono'

import type { HttpEnv } from './env.ts'

/** A connection without a request is closed after this; load balancers expect more than their own 60 s. */
const keepAliveMs = 65_000
/** A request must have come in completely within this. */
const receiveMs = 60_000

interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
}

/** An HTTP server that listens. */
export interface Listening extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Accepts no more, ends idle connections, and waits for the requests under way; those left after `drainMs` are cut. */
  close(options?: { drainMs?: number }): Promise<void>
}

/** Serves an app on a port. Rejects with the system's error if it can't have the port. */
export async function listen(app: Hono<HttpEnv>, { host, port }: ListenOptions): Promise<Listening> {
  const listener = getRequestListener(app.fetch, {
    hostname: host,
    errorHandler: answerUnrouted,
    overrideGlobalObjects: false,
  })
  const server = createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: receiveMs }, (incoming, outgoing) => {
    void listener(incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  const close = closer(server)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    port: actualPort,
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

function closer(server: Server): Listening['close'] {
  let closed: Promise<void> | undefined
  return function close({ drainMs = 5_000 } = {}) {
    closed ??= new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), drainMs)
      // A connection that becomes idle later must not hold the server open for its keep-alive time.
      const sweep = setInterval(() => server.closeIdleConnections(), 100)
      server.close(() => {
        clearTimeout(cut)
        clearInterval(sweep)
        resolve()
      })
    })
    return closed
  }
}

/** The answer when no route could give one: mostly a host or a path that is none. */
function answerUnrouted(error: unknown): Response {
  const refusal =
    error instanceof MalformedRequest
      ? new RequestError('INVALID_REQUEST', "The request's host header or path is malformed.")
      : new RequestError('INTERNAL', 'The executor failed on this request.')
  return Response.json(refusal.toBody(newCorrelationId()), { status: refusal.httpStatus })
}
