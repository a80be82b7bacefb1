import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'

/** OpenTelemetry SDK of this process, with the ended spans of clients and executors in memory. */
export class SpanRecorder implements Disposable {
  readonly #exporter = new InMemorySpanExporter()
  /** Names of the spans that have not ended, by their ids. */
  readonly #open = new Map<string, string>()

  constructor() {
    const openSpans: SpanProcessor = {
      onStart: (span) => void this.#open.set(span.spanContext().spanId, span.name),
      onEnd: (span) => void this.#open.delete(span.spanContext().spanId),
      forceFlush: async () => {},
      shutdown: async () => {},
    }
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter), openSpans] }),
    )
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  }

  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans()
  }

  /** Names of the spans that have not ended. */
  get openSpans(): readonly string[] {
    return [...this.#open.values()]
  }

  reset(): void {
    this.#exporter.reset()
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name)
  }

  /** Returns the names of a span and of its ancestors, innermost first; `lost` for an ancestor that was not reported. */
  pathOf(span: ReadableSpan): string[] {
    const parentId = span.parentSpanContext?.spanId
    if (parentId === undefined) return [span.name]
    const parent = this.spans.find((other) => other.spanContext().spanId === parentId)
    return [span.name, ...(parent ? this.pathOf(parent) : ['lost'])]
  }

  /** Runs `work` in a span of the application, and resolves with its trace id. */
  inApplication(work: () => Promise<unknown>): Promise<string> {
    return trace.getTracer('the-application').startActiveSpan('application', async (span) => {
      await work()
      span.end()
      return span.spanContext().traceId
    })
  }

  [Symbol.dispose](): void {
    for (const part of [trace, context, propagation]) part.disable()
  }
}
