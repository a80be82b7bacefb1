import type { IncomingRequest } from './callback-request.ts'

/** Converts a request in the form of `fetch`, which a server of yours has received, to one of the tool server. */
export function requestByFetch(request: Request): IncomingRequest {
  return {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: (maxBytes) => readBody(request, maxBytes),
    signal: request.signal,
  }
}

async function readBody(request: Request, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
