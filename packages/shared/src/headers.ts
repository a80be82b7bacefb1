/** The names of the HTTP headers that the protocol uses, in lower case. */
export const headers = {
  authorization: 'authorization',
  /** One id for all that belongs to one execution, in every log and on every hop. */
  correlationId: 'x-correlation-id',
  /** W3C Trace Context, https://www.w3.org/TR/trace-context/ */
  traceparent: 'traceparent',
  /** The execution's id: the same id with the same body attaches, with another body it is a conflict. */
  idempotencyKey: 'idempotency-key',
  /** The execution's id on every request about it, for load balancers to route by. */
  executionId: 'x-codemode-execution-id',
  /** How many milliseconds the client will still wait. */
  timeoutMs: 'x-codemode-timeout-ms',
  /**
   * On a repeat of a request that may have arrived before: how many milliseconds ago that was first sent. An executor that
   * does not go back so far can't tell whether the code has run.
   */
  firstSentMsAgo: 'x-codemode-first-sent-ms-ago',
  /** RFC 9110, section 10.2.3; always whole seconds here. */
  retryAfter: 'retry-after',
  /** The last event that a reader of a stream has seen, from the Server-Sent Events specification. */
  lastEventId: 'last-event-id',
} as const
