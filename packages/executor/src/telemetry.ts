import { context, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api'
import type { ToolResponse } from '@codemode/shared'

import type { OutgoingCall } from './tools/transport.ts'

const tracer = trace.getTracer('@codemode/executor')

/** Starts the span of an execution as a child of the active span, which is the request's. */
export function traceExecution(executionId: string, correlationId: string): { span: Span; context: Context } {
  const span = tracer.startSpan('codemode.execution', {
    kind: SpanKind.SERVER,
    attributes: { 'codemode.execution_id': executionId, 'codemode.correlation_id': correlationId },
  })
  return { span, context: trace.setSpan(context.active(), span) }
}

/** Ends the span of an execution, with status ERROR if there is an error code. */
export function endExecutionSpan(span: Span, errorCode: string | undefined): void {
  if (errorCode !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: errorCode })
  span.end()
}

/**
 * Runs one tool call in its own span, which is active while the call is sent, so that the headers of the request
 * propagate the trace.
 */
export async function traceToolCall(
  parent: Context,
  call: OutgoingCall,
  send: () => Promise<ToolResponse>,
): Promise<ToolResponse> {
  const attributes = {
    'codemode.tool': call.tool,
    'codemode.call_id': call.callId,
    'codemode.execution_id': call.executionId,
    'codemode.correlation_id': call.correlationId,
  }
  const span = tracer.startSpan('codemode.tool_call', { kind: SpanKind.CLIENT, attributes }, parent)
  try {
    const answer = await context.with(trace.setSpan(parent, span), send)
    if ('ok' in answer && !answer.ok)
      span.setStatus({ code: SpanStatusCode.ERROR, message: answer.error.code ?? 'TOOL_ERROR' })
    return answer
  } finally {
    span.end()
  }
}
