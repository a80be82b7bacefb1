/** Tracing through the OpenTelemetry API, which does nothing unless the application installs an SDK. */
import { isErrorCode } from '@codemode/shared/internal'
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
} from '@opentelemetry/api'

const tracer = trace.getTracer('@codemode/client')

/**
 * Attribute names of all spans. No span has payloads: neither code, input, results, logs nor messages of errors. The names
 * `gen_ai.*` are those of the OpenTelemetry semantic conventions for generative AI, whose status is development:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/execute-tool.md
 */
export const attributes = {
  label: 'codemode.label',
  outcome: 'codemode.outcome',
  errorType: 'error.type',
  operationName: 'gen_ai.operation.name',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  correlationId: 'codemode.correlation_id',
  executionId: 'codemode.execution_id',
  callId: 'codemode.call_id',
  tool: 'codemode.tool',
  attempt: 'codemode.attempt',
  httpStatus: 'http.response.status_code',
} as const

type TraceHeaders = Readonly<Record<string, string | undefined>>

interface SpanDetails {
  readonly kind?: SpanKind
  readonly attributes: Attributes
}

/** Runs `work` in a new span, which is the parent of the spans that it starts. Marks the span as failed with the code of an error, and rethrows the error. */
export function inSpan<T>(name: string, details: SpanDetails, work: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { kind: SpanKind.INTERNAL, ...details }, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      markFailed(span, codeOf(error))
      throw error
    } finally {
      span.end()
    }
  })
}

/** Span of a call that is being served. */
interface ServedCall {
  readonly span: Span
  /** Ids of the spans of the call's arrivals: that of its parent, and those to which it has a link. */
  readonly arrivalIds: Set<string | undefined>
}

/** Calls that are being served in this process, by their ids. */
const servedCalls = new Map<string, ServedCall>()

/** Serves a tool call in a span of its own, to which `linkArrival` can add links meanwhile. */
export function inToolSpan<T>(callId: string, attributes: Attributes, serve: (span: Span) => Promise<T>): Promise<T> {
  const parentId = trace.getSpanContext(context.active())?.spanId
  return inSpan('codemode.tool', { attributes }, async (span) => {
    const call = { span, arrivalIds: new Set([parentId]) }
    servedCalls.set(callId, call)
    try {
      return await serve(span)
    } finally {
      if (servedCalls.get(callId) === call) servedCalls.delete(callId)
    }
  })
}

/**
 * Links the span of a call that is being served, once, to the span of a further arrival that has joined it: the node that
 * sent the call first may have been killed, with the span that is the parent.
 */
export function linkArrival(callId: string, headers: TraceHeaders): void {
  const call = servedCalls.get(callId)
  if (call === undefined) return
  const arrival = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers))
  if (arrival === undefined || call.arrivalIds.has(arrival.spanId)) return
  call.arrivalIds.add(arrival.spanId)
  call.span.addLink({ context: arrival })
}

/** Marks a span as failed, with a code of Codemode, or `_OTHER` for another one, which may be payload. */
export function markFailed(span: Span, code: unknown): void {
  const type = isErrorCode(code) ? code : '_OTHER'
  span.setAttribute(attributes.errorType, type)
  span.setStatus({ code: SpanStatusCode.ERROR, message: type })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Returns the headers that propagate the current trace, such as `traceparent`. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(context.active(), headers)
  return headers
}

/** Runs `work` in the trace context of a request's headers or of an event, if they have one. */
export function withRemoteParent<T>(headers: TraceHeaders | undefined, work: () => T): T {
  return context.with(propagation.extract(context.active(), headers ?? {}), work)
}
