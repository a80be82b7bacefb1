import type { Dispatcher } from 'undici'

import { decodeText } from './content-encoding.ts'
import { isJson, type HttpResponse } from './foreign-response.ts'
import { singleHeaders } from './single-headers.ts'

interface ExchangeOptions {
  /** Signal that aborts the exchange, which then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** Maximum number of bytes of a JSON response with a status below 300, also after decoding. */
  readonly maxBytes: number
  /** Maximum number of bytes that are read of any other response. */
  readonly maxErrorBytes: number
  /** Called when a JSON response with a 2xx status has begun. */
  readonly onBegun?: (() => void) | undefined
}

/**
 * Sends a request and resolves with its whole response, or with the beginning of one that is too large. Uses
 * `dispatch`, on which undici's `request` is built, since a stream for the body costs more than the rest of a small
 * exchange.
 */
export function exchangeText(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, maxBytes, maxErrorBytes, onBegun }: ExchangeOptions,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  let response: Omit<HttpResponse, 'text'> | undefined
  let limitBytes = maxErrorBytes
  const isError = (): boolean => response !== undefined && response.status >= 300
  const abort = (): void => controller?.abort(signal.reason as Error)
  const end = (isCut: boolean): void => {
    signal.removeEventListener('abort', abort)
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    resolve({ ...response!, text: decodeText(body, response!.headers, { isCut, maxBytes: limitBytes }) })
  }
  signal.addEventListener('abort', abort)
  dispatcher.dispatch(request, {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) abort()
    },
    onResponseStart(_, status, headers) {
      // A 1xx response is followed by the final one.
      if (status < 200) return
      response = { status, headers: singleHeaders(headers) }
      if (isError() || !isJson(response)) return
      limitBytes = maxBytes
      onBegun?.()
    },
    onResponseData(_, chunk) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (sizeBytes <= limitBytes) return
      end(true)
      controller?.abort(new Error('the rest of the body is not needed'))
    },
    onResponseEnd: () => end(false),
    onResponseError(_, error) {
      // The status of an error response suffices; the part of its body that was received is dropped.
      signal.removeEventListener('abort', abort)
      if (isError() && !signal.aborted) resolve({ ...response!, text: '' })
      else reject(error)
    },
  })
  return promise
}
