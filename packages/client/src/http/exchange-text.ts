import type { Dispatcher } from 'undici'

/** An answer that has come in whole. */
export interface TextAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

interface ExchangeOptions {
  /** Its reason is what the exchange then fails with. */
  readonly signal: AbortSignal
  /** Of an answer other than 2xx no more is read. */
  readonly maxErrorBytes: number
}

/**
 * Sends a request and reads its whole answer. By `dispatch`, which undici's own `request` is made of: a stream for each
 * body costs more than the rest of a small exchange.
 */
export function exchangeText(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { signal, maxErrorBytes }: ExchangeOptions,
): Promise<TextAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<TextAnswer>()
  const chunks: Buffer[] = []
  let sizeBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  let answer: Omit<TextAnswer, 'text'> | undefined
  const isError = (): boolean => answer !== undefined && answer.status >= 300
  const abort = (): void => controller?.abort(signal.reason as Error)
  const end = (text: string): void => {
    signal.removeEventListener('abort', abort)
    resolve({ ...answer!, text })
  }
  signal.addEventListener('abort', abort)
  dispatcher.dispatch(request, {
    onRequestStart(started) {
      controller = started
      if (signal.aborted) abort()
    },
    onResponseStart(_, status, headers) {
      // One of 1xx is followed by another.
      if (status >= 200) answer = { status, headers: headers as TextAnswer['headers'] }
    },
    onResponseData(_, chunk) {
      chunks.push(chunk)
      sizeBytes += chunk.length
      if (!isError() || sizeBytes <= maxErrorBytes) return
      end(textOf(chunks))
      controller?.abort(new Error('the rest is not read'))
    },
    onResponseEnd: () => end(textOf(chunks)),
    onResponseError(_, error) {
      // What came of an error's body tells more; the status says enough.
      if (isError() && !signal.aborted) return end('')
      signal.removeEventListener('abort', abort)
      reject(error)
    },
  })
  return promise
}

function textOf(chunks: readonly Buffer[]): string {
  return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8')
}
