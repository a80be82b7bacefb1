import type { Dispatcher } from 'undici'

/** The response: the body of a 200, the size of one that is over the limit, or any other status alone. */
export type PostAnswer =
  | { readonly status: number; readonly bytes?: Buffer }
  | { readonly isTooLarge: true; readonly sizeBytes: number | undefined }

interface PostRequest {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: Buffer
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Called when a connection takes the request. */
  readonly onSent?: (() => void) | undefined
}

/**
 * Sends a request and reads its response. A response that is not read to its end is destroyed together with its
 * connection. Rejects when the connection fails, and when the signal aborts. A request that waits for a connection keeps its
 * place in the queue, so it rejects only when it gets one.
 */
export function post(agent: Dispatcher, request: PostRequest): Promise<PostAnswer> {
  const { url, headers, body, maxBytes, signal, onSent } = request
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
      if (signal.aborted) {
        abort()
        return
      }
      signal.addEventListener('abort', abort, { once: true })
      onSent?.()
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
