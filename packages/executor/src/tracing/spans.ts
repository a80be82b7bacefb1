// Spans of executions, through the OpenTelemetry API, which does nothing unless an SDK is installed. No span has payloads:
// neither code, input, results, logs nor messages of errors.
import {
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type TracerProvider,
} from '@opentelemetry/api'
import type { ExecutionStatus, JournalHeader } from '@codemode/shared'
import { isErrorCode, maxTraceStateLength, type TraceContext } from '@codemode/shared/internal'

/** Span of an execution, or of a claim of it, and the context in which its tool calls are made. */
export interface ExecutionTrace {
  readonly span: Span
  readonly calls: Context
}

interface TracedExecution {
  readonly executionId: string
  readonly correlationId: string
  readonly label: string | undefined
}

interface FlushableProvider extends TracerProvider {
  forceFlush?(): Promise<void>
  getDelegate?(): FlushableProvider
}

const tracer = trace.getTracer('@codemode/executor')

/** Maximum time in milliseconds that the process waits for the SDK to send spans. */
const flushTimeoutMs = 5_000

/**
 * Starts the span of a new execution as a child of the active span, which is the request's. The span of a retry has a link
 * to the execution that it repeats.
 */
export function traceExecution(
  execution: TracedExecution,
  { retryOf }: { readonly retryOf?: TraceContext | undefined } = {},
): ExecutionTrace {
  const links = retryOf === undefined ? [] : [{ context: spanContextOf(retryOf) }]
  const details = { kind: SpanKind.SERVER, attributes: attributesOf(execution), links }
  const span = tracer.startSpan('codemode.execution', details)
  return { span, calls: trace.setSpan(context.active(), span) }
}

/**
 * Starts the span of one node's claim of a stored execution. It and the tool calls are children of the span of the
 * execution: that of a claim is lost with a node that crashes.
 */
export function traceClaim(
  { executionId, correlationId, trace: stored }: Pick<JournalHeader, 'executionId' | 'correlationId' | 'trace'>,
  { label, epoch }: { readonly label: string | undefined; readonly epoch: number },
): ExecutionTrace {
  const attributes = { ...attributesOf({ executionId, correlationId, label }), 'codemode.epoch': epoch }
  const parent = callContextOf(stored)
  const span = tracer.startSpan('codemode.claim', { kind: SpanKind.CONSUMER, attributes }, parent)
  return { span, calls: stored === undefined ? trace.setSpan(parent, span) : parent }
}

/** Returns the context of the tool calls of a stored execution. */
export function callContextOf(stored: TraceContext | undefined): Context {
  return stored === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContextOf(stored))
}

/** Ends the span of an execution or a claim, unless it has ended. Without outcome and code, the execution goes on elsewhere or later. */
export function endExecutionSpan(
  span: Span,
  { outcome, code }: { readonly outcome?: ExecutionStatus | undefined; readonly code?: string | undefined } = {},
): void {
  if (!span.isRecording()) return
  if (outcome !== undefined) span.setAttribute('codemode.outcome', outcome)
  if (code !== undefined) setError(span, code)
  span.end()
}

/**
 * Returns the context of the span in a context as it is stored; undefined without tracing. Propagators other than that of
 * W3C Trace Context may take the ids from a client in capitals, which `traceparent` does not allow.
 */
export function traceContextOf(traced: Context): TraceContext | undefined {
  const span = trace.getSpanContext(traced)
  if (span === undefined || !isSpanContextValid(span)) return undefined
  const flags = span.traceFlags.toString(16).padStart(2, '0')
  const tracestate = span.traceState?.serialize() ?? ''
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`.toLowerCase(),
    ...(tracestate !== '' && tracestate.length <= maxTraceStateLength && { tracestate }),
  }
}

/** Sets the status ERROR and the type of the error: a code of Codemode, or `_OTHER` for others, which may be payload. */
export function setError(span: Span, code: string | undefined): void {
  const type = isErrorCode(code) ? code : '_OTHER'
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message: type })
}

/** Makes the SDK send the spans that it holds, if one is installed, before the process exits. Never rejects. */
export async function flushSpans(): Promise<void> {
  const provider: FlushableProvider = trace.getTracerProvider()
  // No `instanceof`: the SDK may bring a copy of the API of its own.
  const sdk = provider.getDelegate?.() ?? provider
  const flushed = Promise.try(() => sdk.forceFlush?.()).catch(() => {})
  await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, flushTimeoutMs).unref())])
}

function attributesOf({ executionId, correlationId, label }: TracedExecution): Attributes {
  return {
    'codemode.execution_id': executionId,
    'codemode.correlation_id': correlationId,
    ...(label !== undefined && { 'codemode.label': label }),
  }
}

function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  }
}
