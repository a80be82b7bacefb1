import type { Fault } from './proxy.ts'

/** Returns the fault of a request that an overloaded executor refuses with this status. */
export function busy(status: 429 | 503, retryAfter?: string): Extract<Fault, { status: number }> {
  return {
    status,
    headers: { 'content-type': 'application/json', ...(retryAfter !== undefined && { 'retry-after': retryAfter }) },
    body: JSON.stringify({
      error: {
        code: status === 429 ? 'RATE_LIMITED' : 'OVERLOADED',
        message: 'busy',
        retryable: true,
        ambiguous: false,
        correlationId: 'cor_of_the_executor_itself',
      },
    }),
  }
}
