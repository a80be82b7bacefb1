import { createServer, type Server } from 'node:http'

import { newCorrelationId, RequestError } from '@codemode/shared'
import { getRequestListener, RequestError as MalformedRequest } from '@hono/node-server'
import type { Hono } from 'hono'

import type { HttpEnv } from './http-context.ts'
import { respondToClientErrors } from './client-errors.ts'

/** Milliseconds after which an idle connection is closed; longer than the 60 s of common load balancers. */
const keepAliveMs = 65_000
/** Milliseconds within which a request must arrive completely. */
const receiveMs = 60_000

interface ListenOptions {
  readonly host: string
  /** Port to listen on; 0 selects a free one. */
  readonly port: number
  /** Returns headers for every response, including those that no route gives. Called for each request. */
  readonly responseHeaders?: () => Readonly<Record<string, string>>
}

const noHeaders = (): Readonly<Record<string, string>> => ({})

/** A listening HTTP server. */
export interface Listening extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /**
   * Stops accepting connections, closes idle ones and waits for requests; those left after `drainMs` are disconnected.
   */
  close(options?: { drainMs?: number }): Promise<void>
}

/** Serves an app on a port. Rejects with the system's error if the port is not available. */
export async function listen(app: Hono<HttpEnv>, options: ListenOptions): Promise<Listening> {
  const { host, port, responseHeaders = noHeaders } = options
  const listener = getRequestListener(app.fetch, {
    hostname: host,
    errorHandler: unroutedResponse,
    overrideGlobalObjects: false,
  })
  const server = createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: receiveMs }, (incoming, outgoing) => {
    for (const [name, value] of Object.entries(responseHeaders())) outgoing.setHeader(name, value)
    void listener(incoming, outgoing)
  })
  respondToClientErrors(server, responseHeaders)
  await new Promise<void>((resolve, reject) => {
    // The error of a host that cannot be resolved has no address.
    const onError = (error: Error): void => reject(Object.assign(error, { address: host }))
    server.once('error', onError)
    server.listen({ host, port }, () => {
      server.off('error', onError)
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
      const drainTimer = setTimeout(() => server.closeAllConnections(), drainMs)
      // A connection that becomes idle later must not keep the server open for its keep-alive time.
      const idleTimer = setInterval(() => server.closeIdleConnections(), 100)
      server.close(() => {
        clearTimeout(drainTimer)
        clearInterval(idleTimer)
        resolve()
      })
    })
    return closed
  }
}

/** Returns the response to a request that reaches no route, mostly because its host or path is malformed. */
function unroutedResponse(error: unknown): Response {
  const refusal =
    error instanceof MalformedRequest
      ? new RequestError('INVALID_REQUEST', "The request's host header or path is malformed.")
      : new RequestError('INTERNAL', 'The executor failed on this request.')
  return Response.json(refusal.toBody(newCorrelationId()), { status: refusal.httpStatus })
}
