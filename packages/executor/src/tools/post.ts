import { parseRetryAfter } from '@codemode/shared/internal'
import type { Dispatcher } from 'undici'

/** A response: 200 with its body, one that is too large, or any other with its status and headers. */
export type PostResponse =
  | { readonly bytes: Buffer }
  | { readonly isTooLarge: true; readonly sizeBytes: number | undefined }
  | OtherResponse

/** A response that is not a tool server's answer, described by its status and headers. */
export interface OtherResponse {
  readonly status: number
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly location?: string | undefined
  /** Milliseconds that the response asks to wait before the next attempt. */
  readonly retryAfterMs?: number | undefined
}

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
 * Sends a request and resolves with the response. If the rest of a response is not needed, its connection is destroyed.
 * Rejects when the connection fails and when the signal aborts. A request that still waits for a connection rejects
 * only when it gets one, since it holds its place in the agent's queue until then.
 */
export function post(agent: Dispatcher, request: PostRequest): Promise<PostResponse> {
  const { url, headers, body, maxBytes, signal, onSent } = request
  const { promise, resolve, reject } = Promise.withResolvers<PostResponse>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  const abort = (): void => controller?.abort(signal.reason as Error)
  const finishEarly = (answer: PostResponse): void => {
    resolve(answer)
    controller?.abort(new Error('the rest of the response is not needed'))
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
    onResponseStart(_controller, status, answered) {
      if (status < 200) return
      const declaredBytes = Number(answered['content-length'] ?? 0)
      const contentEncoding = textOf(answered['content-encoding']) ?? 'identity'
      if (status !== 200 || contentEncoding !== 'identity') finishEarly(otherResponse(status, answered))
      else if (declaredBytes > maxBytes) finishEarly({ isTooLarge: true, sizeBytes: declaredBytes })
    },
    onResponseData(_controller, chunk) {
      sizeBytes += chunk.byteLength
      if (sizeBytes > maxBytes) finishEarly({ isTooLarge: true, sizeBytes: undefined })
      else chunks.push(chunk)
    },
    onResponseEnd() {
      signal.removeEventListener('abort', abort)
      resolve({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) })
    },
    onResponseError(_controller, error) {
      signal.removeEventListener('abort', abort)
      reject(error)
    },
  }
  agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body }, handler)
  return promise
}

type ResponseHeaders = Record<string, string | string[] | undefined>

function otherResponse(status: number, headers: ResponseHeaders): OtherResponse {
  return {
    status,
    contentType: textOf(headers['content-type']),
    contentEncoding: textOf(headers['content-encoding']),
    location: textOf(headers['location']),
    retryAfterMs: parseRetryAfter(textOf(headers['retry-after']), textOf(headers['date'])),
  }
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value.trim().slice(0, 200) : undefined
