import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import { executionOf, FakeExecutor } from '../testing/fake-executor.ts'
import { inToolSpan, linkArrival, withRemoteParent } from './telemetry.ts'

const exporter = new InMemorySpanExporter()
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
afterAll(() => {
  for (const api of [trace, context, propagation]) api.disable()
})

test('an execution is one trace: its span, each attempt, each tool call, and the sent header', async () => {
  // The client would read the record of a call that arrives late, with a span of its own: time stands still.
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
    if (executor.requests.length === 1) return reply.error(503, 'OVERLOADED', { retryable: true })
    reply.called(1, 'weather', {})
    await executor.nextRequest('/tool-results')
    return reply.finished(1)
  })
  const config = { executorUrl: executor.url, executorApiKey: 'k', tools: { weather: () => 1 } }
  await using codemode = Codemode.fromClientConfig({ ...config, retry: { backoffBaseMs: 1 } })
  await codemode.executeAsync('x', { correlationId: 'my-correlation-id' })
  await expect.poll(() => exporter.getFinishedSpans().length).toBe(6)

  const spans = exporter.getFinishedSpans()
  const execution = spans.find(({ name }) => name === 'codemode.execute')!
  const { id } = executionOf(executor.requests[0]!)
  const names = spans.map(({ name }) => name).toSorted()
  expect(names).toEqual(['codemode.execute', ...Array.from({ length: 4 }, () => 'codemode.request'), 'codemode.tool'])
  for (const span of spans) {
    expect(span.spanContext().traceId).toBe(execution.spanContext().traceId)
    expect(span.attributes).toMatchObject({
      'codemode.correlation_id': 'my-correlation-id',
      'codemode.execution_id': id,
    })
  }
  // The first request is for a reading of the executor's clock.
  const attempts = spans.filter(({ name }) => name === 'codemode.request').slice(1, 3)
  expect(attempts.map(({ attributes }) => attributes['codemode.attempt'])).toEqual([1, 2])
  const [first] = attempts.map((span) => span.spanContext())
  expect(executor.requests[0]?.headers['traceparent']).toBe(`00-${first!.traceId}-${first!.spanId}-01`)
  const parents = spans.filter((span) => span !== execution).map(({ parentSpanContext }) => parentSpanContext?.spanId)
  expect(new Set(parents)).toContain(execution.spanContext().spanId)
})

const headersOf = (digit: string) => ({ traceparent: `00-${'a'.repeat(32)}-${digit.repeat(16)}-01` })

test('the span of a call gets one link for each further span from which the call arrives', async () => {
  exporter.reset()
  await withRemoteParent(headersOf('1'), () =>
    inToolSpan('exe_1:1', {}, async () => {
      for (const digit of ['1', '2', '2', '3', '2']) linkArrival('exe_1:1', headersOf(digit))
      linkArrival('exe_1:2', headersOf('4'))
    }),
  )
  const [span] = exporter.getFinishedSpans()
  expect(span?.parentSpanContext?.spanId).toBe('1'.repeat(16))
  expect(span?.links.map((link) => link.context.spanId)).toEqual(['2'.repeat(16), '3'.repeat(16)])
})
