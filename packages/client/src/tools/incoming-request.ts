import type { IncomingMessage, ServerResponse } from 'node:http'

import type { RequestHeaders } from './webhook-signature.ts'

/** Incoming request, independent of the server that received it. */
export interface IncomingRequest {
  readonly method: string
  readonly headers: RequestHeaders
  /** Reads the body; resolves with undefined if it is longer than `maxBytes`. */
  body(maxBytes: number): Promise<Buffer | undefined>
  /** Signal that aborts when the connection of the request is closed before it is answered. */
  readonly signal: AbortSignal
}

/** Converts a request that Node's HTTP server has received. */
export function fromHttpRequest(incoming: IncomingMessage, outgoing: ServerResponse): IncomingRequest {
  const disconnected = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) disconnected.abort()
  })
  return {
    method: incoming.method!,
    // Node gives a list for `set-cookie` only, which no request has.
    headers: incoming.headers as IncomingRequest['headers'],
    body: (maxBytes) => readHttpBody(incoming, maxBytes),
    signal: disconnected.signal,
  }
}

function readHttpBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    if (incoming.destroyed) throw new Error('The connection of the request was closed')
    const chunks: Buffer[] = []
    let sizeBytes = 0
    const take = (chunk: Buffer): void => {
      sizeBytes += chunk.length
      if (sizeBytes <= maxBytes) chunks.push(chunk)
      else {
        incoming.off('data', take).pause()
        resolve(undefined)
      }
    }
    incoming.on('data', take)
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    incoming.once('error', reject)
  })
}

/** Converts a request in the form of `fetch`, which the user's server has received. */
export function fromFetchRequest(request: Request): IncomingRequest {
  return {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: (maxBytes) => readFetchBody(request, maxBytes),
    signal: request.signal,
  }
}

async function readFetchBody(request: Request, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
