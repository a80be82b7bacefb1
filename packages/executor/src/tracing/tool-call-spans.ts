import type { TraceContext } from '@codemode/shared/internal'
import { SpanKind, trace, type Context, type Span } from '@opentelemetry/api'

import { setError, traceContextOf } from './spans.ts'

const tracer = trace.getTracer('@codemode/executor')

interface TracedCall {
  readonly tool: string
  readonly callId: string
  readonly executionId: string
  readonly correlationId: string
}

/**
 * Spans of the tool calls that one node sends for one execution. A span starts when its call is sent, or when the client's
 * stream reads the call, whichever comes first, because the client's span is its child over both transports.
 *
 * They have no attributes `gen_ai.*`: those are on the client's span, which is the execution of the tool. On both, each call
 * would count twice.
 */
export class ToolCallSpans {
  readonly #parent: Context
  readonly #open = new Map<string, Span>()

  constructor(parent: Context) {
    this.#parent = parent
  }

  /** Returns the context of a call's span, which it starts unless it is open. */
  start({ tool, callId, executionId, correlationId }: TracedCall): Context {
    let span = this.#open.get(callId)
    if (span === undefined) {
      const attributes = {
        'codemode.tool': tool,
        'codemode.call_id': callId,
        'codemode.execution_id': executionId,
        'codemode.correlation_id': correlationId,
      }
      span = tracer.startSpan('codemode.tool_call', { kind: SpanKind.CLIENT, attributes }, this.#parent)
      this.#open.set(callId, span)
    }
    return trace.setSpan(this.#parent, span)
  }

  /** Returns the context of a call's span as an event has it, and starts the span unless it is open. */
  traceContextOf(call: TracedCall): TraceContext | undefined {
    return traceContextOf(this.start(call))
  }

  get areOpen(): boolean {
    return this.#open.size > 0
  }

  /** Ends the span of a call, as failed if `failed` is given. Ignores a call without a span. */
  end(callId: string, failed?: { readonly code?: string | undefined }): void {
    const span = this.#open.get(callId)
    if (span === undefined) return
    this.#open.delete(callId)
    if (failed !== undefined) setError(span, failed.code ?? 'TOOL_ERROR')
    span.end()
  }

  /** Ends the spans of all calls, for example before another node sends them again. */
  endAll(): void {
    for (const callId of this.#open.keys()) this.end(callId)
  }
}
