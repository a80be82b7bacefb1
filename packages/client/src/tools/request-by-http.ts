import type { IncomingMessage, ServerResponse } from 'node:http'

import type { IncomingRequest } from './callback-request.ts'

/** Converts a request that Node's HTTP server has received to one of the tool server. */
export function requestByHttp(incoming: IncomingMessage, outgoing: ServerResponse): IncomingRequest {
  const hungUp = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) hungUp.abort()
  })
  return {
    method: incoming.method!,
    // Node gives a list for `set-cookie` only, which no request has.
    headers: incoming.headers as IncomingRequest['headers'],
    body: (maxBytes) => readBody(incoming, maxBytes),
    signal: hungUp.signal,
  }
}

function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    if (incoming.destroyed) throw new Error('The request has broken off')
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
