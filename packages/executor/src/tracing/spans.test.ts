import { createTraceState, ROOT_CONTEXT, trace, type SpanContext, type TracerProvider } from '@opentelemetry/api'
import { expect, test } from 'vitest'

import { callContextOf, flushSpans, traceContextOf } from './spans.ts'

const span: SpanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
const traceparent = `00-${span.traceId}-${span.spanId}-01`
const getTracer = (name: string) => trace.getTracer(name)
const stored = (given: SpanContext) => traceContextOf(trace.setSpanContext(ROOT_CONTEXT, given))

test('the context of a span is stored as W3C Trace Context and read again', () => {
  const traceState = createTraceState('vendor=1,other=2')
  expect(stored(span)).toEqual({ traceparent })
  expect(stored({ ...span, traceFlags: 0 })).toEqual({ traceparent: traceparent.replace(/01$/, '00') })
  const whole = stored({ ...span, traceState })
  expect(whole).toEqual({ traceparent, tracestate: 'vendor=1,other=2' })
  expect(traceContextOf(callContextOf(whole))).toEqual(whole)
})

test('ids in capitals, as a client can send them for another propagator, are stored in lower case', () => {
  const { traceId, spanId } = span
  const given = { ...span, traceId: traceId.toUpperCase(), spanId: spanId.toUpperCase() }
  expect(stored(given)).toEqual({ traceparent })
})

test('a trace state of more than 512 characters, and a span that is not valid, are not stored', () => {
  const traceState = createTraceState(Array.from({ length: 30 }, (_, n) => `vendor${n}=${'v'.repeat(20)}`).join(','))
  expect(stored({ ...span, traceState })).toEqual({ traceparent })
  expect(stored({ ...span, spanId: '0'.repeat(16) })).toBeUndefined()
  expect(traceContextOf(ROOT_CONTEXT)).toBeUndefined()
  expect(traceContextOf(callContextOf(undefined))).toBeUndefined()
})

test('the spans that the SDK holds are sent, and a failure of the SDK is ignored', async () => {
  let flushed = 0
  const sdk = { getTracer, forceFlush: async () => void (flushed += 1) }
  const broken = { getTracer, forceFlush: () => Promise.reject(new Error('no collector')) }
  const throwing = {
    getTracer,
    forceFlush: () => {
      throw new Error('no collector')
    },
  }
  for (const provider of [sdk, broken, throwing] as TracerProvider[]) {
    trace.setGlobalTracerProvider(provider)
    await flushSpans()
    trace.disable()
  }
  await flushSpans()
  expect(flushed).toBe(1)
})
