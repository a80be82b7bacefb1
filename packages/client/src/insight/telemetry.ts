/** Tracing through the OpenTelemetry API, which does nothing unless the application installs an SDK. */
import { context, propagation, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api'

import { showThrown } from '../errors/describe-error.ts'

const tracer = trace.getTracer('@codemode/client')

/** Attribute names of all spans. */
export const attributes = {
  correlationId: 'codemode.correlation_id',
  executionId: 'codemode.execution_id',
  callId: 'codemode.call_id',
  tool: 'codemode.tool',
  attempt: 'codemode.attempt',
  httpStatus: 'http.response.status_code',
} as const

interface SpanDetails {
  readonly kind?: SpanKind
  readonly attributes: Attributes
}

/** Runs `work` in a new span, which is the parent of the spans that it starts. Records errors and rethrows them. */
export function inSpan<T>(name: string, details: SpanDetails, work: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { kind: SpanKind.INTERNAL, ...details }, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      if (error instanceof Error) span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: showThrown(error) })
      throw error
    } finally {
      span.end()
    }
  })
}

/** Marks a span as failed whose operation failed without throwing. */
export function markFailed(span: Span, message: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}

/** Returns the headers that propagate the current trace, such as `traceparent`. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(context.active(), headers)
  return headers
}

/** Runs `work` in the trace context of a request's headers. */
export function withRemoteParent<T>(headers: Readonly<Record<string, string | undefined>>, work: () => T): T {
  return context.with(propagation.extract(context.active(), headers), work)
}
