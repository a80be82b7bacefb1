import type { Dispatcher } from 'undici'

/** What came back: the body of a 200, how large it would be when it is over the limit, or any other status alone. */
export type PostAnswer =
  | { readonly status: number; readonly bytes?: Buffer }
  | { readonly isTooLarge: true; readonly sizeBytes: number | undefined }

interface PostRequest {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: Buffer
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Sends a request and reads its answer. What is not read to its end is destroyed, and with it the connection: nothing is
 * left to drip. Rejects when the connection fails, and when the signal aborts; of one that stands in line for a connection
 * that is when it gets one, since it holds its place until then.
 */
export function post(agent: Dispatcher, { url, headers, body, maxBytes, signal }: PostRequest): Promise<PostAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  const abort = (): void => controller?.abort(signal.reason as Error)
  const isEnough = (answer: PostAnswer): void => {
    resolve(answer)
    controller?.abort(new Error('no more of the answer is read'))
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
    },
    onResponseStart(_controller, status, { 'content-length': length }) {
      if (status < 200) return
      const declaredBytes = Number(length ?? 0)
      if (status !== 200) isEnough({ status })
      else if (declaredBytes > maxBytes) isEnough({ isTooLarge: true, sizeBytes: declaredBytes })
    },
    onResponseData(_controller, chunk) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) isEnough({ isTooLarge: true, sizeBytes: undefined })
      else chunks.push(chunk)
    },
    onResponseEnd() {
      signal.removeEventListener('abort', abort)
      resolve({ status: 200, bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) })
    },
    onResponseError(_controller, error) {
      signal.removeEventListener('abort', abort)
      reject(error)
    },
  }
  agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body }, handler)
  return promise
}
