/** Program of a user with OpenTelemetry: prints the spans of an execution, and the names of their parents. */
import { Codemode } from '@codemode/client'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

const codemode = Codemode.fromEnv({ tools: { stock: ({ article }) => article.length } })
await codemode.executeAsync('return tools.stock({ article: "pen" })')
await codemode.close()
await provider.forceFlush()

const spans = exporter.getFinishedSpans()
const nameOf = (id) => spans.find((span) => span.spanContext().spanId === id)?.name ?? null
console.log(
  JSON.stringify(Object.fromEntries(spans.map((span) => [span.name, nameOf(span.parentSpanContext?.spanId)]))),
)
