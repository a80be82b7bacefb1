import type { Dispatcher } from 'undici'

import { decodeText } from './content-encoding.ts'
import { isJson, type Answer } from './foreign-answer.ts'
import { singleHeaders } from './single-headers.ts'

interface ExchangeOptions {
  /** Aborts the exchange, which then rejects with its reason. */
  readonly signal: AbortSignal
  /** Maximum number of bytes of an answer of 2xx in JSON, also after it is decoded. */
  readonly maxBytes: number
  /** Maximum number of bytes that are read of any other answer. */
  readonly maxErrorBytes: number
}

/**
 * Sends a request and resolves with its whole answer, or with the beginning of one that is too large. It uses `dispatch`, on which undici's own `request` is based: a stream
 * for each body costs more than the rest of a small exchange.
 */
export function exchangeText(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, maxBytes, maxErrorBytes }: ExchangeOptions,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  let answer: Omit<Answer, 'text'> | undefined
  let limitBytes = maxErrorBytes
  const isError = (): boolean => answer !== undefined && answer.status >= 300
  const abort = (): void => controller?.abort(signal.reason as Error)
  const end = (isCut: boolean): void => {
    signal.removeEventListener('abort', abort)
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    resolve({ ...answer!, text: decodeText(body, answer!.headers, { isCut, maxBytes: limitBytes }) })
  }
  signal.addEventListener('abort', abort)
  dispatcher.dispatch(request, {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) abort()
    },
    onResponseStart(_, status, headers) {
      // One of 1xx is followed by another.
      if (status < 200) return
      answer = { status, headers: singleHeaders(headers) }
      if (!isError() && isJson(answer)) limitBytes = maxBytes
    },
    onResponseData(_, chunk) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (sizeBytes <= limitBytes) return
      end(true)
      controller?.abort(new Error('the rest is not read'))
    },
    onResponseEnd: () => end(false),
    onResponseError(_, error) {
      // The status of an error says enough, without the part of its body that came.
      signal.removeEventListener('abort', abort)
      if (isError() && !signal.aborted) resolve({ ...answer!, text: '' })
      else reject(error)
    },
  })
  return promise
}
