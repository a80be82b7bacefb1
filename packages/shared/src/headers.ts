/** Names of the HTTP headers of the protocol, in lower case. */
export const headers = {
  authorization: 'authorization',
  /** Id shared by the requests, tool calls and log lines of one execution. */
  correlationId: 'x-correlation-id',
  /** Trace context of the request (W3C Trace Context, https://www.w3.org/TR/trace-context/). */
  traceparent: 'traceparent',
  /** Id of the execution. A repeat with the same body attaches to it; one with another body is a conflict. */
  idempotencyKey: 'idempotency-key',
  /** Id of the execution, on every request about it, so that load balancers can route by it. */
  executionId: 'x-codemode-execution-id',
  /** Milliseconds from sending the request to the client's deadline. */
  timeoutMs: 'x-codemode-timeout-ms',
  /** Random id of the executor instance (one start of the executor), on every response. */
  instance: 'x-codemode-instance',
  /** Whole milliseconds on the instance's monotonic clock, rounded down, on every response. */
  clock: 'x-codemode-clock',
  /**
   * Latest reading that the client had before the first attempt that may have arrived, as `<instance>=<clock>`, or
   * `none`. Sent with `POST /v1/executions`; the same for all attempts of an execution.
   */
  known: 'x-codemode-known',
  /** Delay in whole seconds before the next attempt (RFC 9110, section 10.2.3); the executor sends no dates. */
  retryAfter: 'retry-after',
  /** Id of the last event that the reader of a stream has received (Server-Sent Events specification). */
  lastEventId: 'last-event-id',
} as const
