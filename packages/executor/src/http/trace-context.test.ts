import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterEach, expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'

afterEach(() => {
  context.disable()
  propagation.disable()
})

test("the client's span is active while the engine accepts a submission", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const { engine, send } = testApp()
  const seen: (string | undefined)[] = []
  engine.onSubmit = (execution) => {
    seen.push(trace.getSpanContext(context.active())?.traceId)
    execution.admit().finish()
  }
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  await send('POST', '/v1/executions', { body: { code: '1' }, headers: { traceparent } })
  await send('POST', '/v1/executions', { body: { code: '1' }, headers: { traceparent: 'nonsense' } })
  expect(seen).toEqual(['a'.repeat(32), undefined])
})
