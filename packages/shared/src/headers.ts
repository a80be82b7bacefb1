/** Names of the HTTP headers of the protocol, in lower case. */
export const headers = {
  authorization: 'authorization',
  /** Id that the requests, tool calls and log lines of one execution share. */
  correlationId: 'x-correlation-id',
  /** W3C Trace Context, https://www.w3.org/TR/trace-context/ */
  traceparent: 'traceparent',
  /** Id of the execution: a repeat with the same body attaches to it, one with another body is a conflict. */
  idempotencyKey: 'idempotency-key',
  /** Id of the execution, on every request about it; load balancers route by it. */
  executionId: 'x-codemode-execution-id',
  /** Milliseconds for which the client still waits. */
  timeoutMs: 'x-codemode-timeout-ms',
  /** On every response: random id of the executor instance, which is one start of the executor. */
  instance: 'x-codemode-instance',
  /** On every response: whole milliseconds on the instance's monotonic clock, rounded down. */
  clock: 'x-codemode-clock',
  /**
   * On `POST /v1/executions`: latest reading that the client had before the first attempt that may have arrived, as
   * `<instance>=<clock>`, or `none`. The same for all attempts of an execution.
   */
  known: 'x-codemode-known',
  /** RFC 9110, section 10.2.3; always whole seconds here. */
  retryAfter: 'retry-after',
  /** Id of the last event that the reader of a stream has received (Server-Sent Events specification). */
  lastEventId: 'last-event-id',
} as const
