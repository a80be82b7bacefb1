// Connects handlers in the form of `fetch` to the HTTP server of Node.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Returns a request in the form of `fetch`. Its signal aborts when the connection is closed before the response has ended. Throws
 * for the method TRACE, which `fetch` refuses.
 */
export function fetchRequest(incoming: IncomingMessage, outgoing: ServerResponse): Request {
  const disconnected = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) disconnected.abort()
  })
  const { method = 'GET', headers, url = '/' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(`http://localhost${url.startsWith('/') ? url : '/'}`, {
    method,
    headers: Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
    signal: disconnected.signal,
    ...(hasBody && { body: Readable.toWeb(incoming) as NonNullable<RequestInit['body']>, duplex: 'half' }),
  })
}

/** Writes a response. Resolves when it is written, or the connection is closed. */
export async function sendResponse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  response: Response,
): Promise<void> {
  // The body of a refused request may be unread, so the connection can't be used again.
  const connection = incoming.complete ? {} : { connection: 'close' }
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), ...connection })
  if (response.body === null) {
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  await pipeline(Readable.fromWeb(response.body), outgoing).catch((error: unknown) => {
    if (!outgoing.destroyed) throw error
  })
}
