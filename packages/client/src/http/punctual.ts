/**
 * The age of a request must be true when it is sent, and not only when it was written: connecting may take seconds, in
 * which an executor may start that would take the request for younger than itself.
 */
import { headers } from '@codemode/shared'
import type { Dispatcher } from 'undici'

/** Less than an executor needs to start. */
const toleranceMs = 100

/** The request was not sent, because it told an age that was no longer true. */
export class BelatedRequest extends Error {
  override readonly name = 'BelatedRequest'
}

/** Fails requests that tell their age with `BelatedRequest` if they had to wait for their connection, which stays open. */
export const punctual: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const tellsAge = headers.firstSentMsAgo in (options.headers ?? {})
  return dispatch(options, tellsAge ? failsWhenLate(handler) : handler)
}

function failsWhenLate(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  const writtenAt = performance.now()
  return {
    onRequestStart(controller, context) {
      // What is thrown here fails the request before a byte of it is sent.
      if (performance.now() - writtenAt > toleranceMs) throw new BelatedRequest('The request waited for its connection')
      handler.onRequestStart?.(controller, context)
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  }
}
