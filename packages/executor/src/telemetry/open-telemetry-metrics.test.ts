import { metrics as api } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { afterEach, expect, test } from 'vitest'

import { Metrics } from './metrics.ts'
import { metricsObserver } from './metrics-observer.ts'
import { reportToOpenTelemetry } from './open-telemetry-metrics.ts'

afterEach(() => api.disable())

test('without a meter provider, nothing is reported', () => {
  using reported = reportToOpenTelemetry(new Metrics())
  expect(reported).toBeDefined()
})

test('a registered meter provider gets the same numbers', { tags: ['OP-1'] }, async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  api.setGlobalMeterProvider(provider)
  const metrics = new Metrics()
  using _ = reportToOpenTelemetry(metrics)
  const observer = metricsObserver(metrics)
  metrics.setReader(async () => metrics.set('queueDepth', {}, 3))
  observer.sandboxStarted!({ tier: 'bubblewrap', layers: [] })
  observer.requestRefused!({
    code: 'RATE_LIMITED',
    message: '',
    correlationId: '',
    tenant: undefined,
    keyId: undefined,
  })
  observer.storeCallEnded!({ operation: 'create', durationMs: 20, isFailed: false })
  await provider.forceFlush()
  const found = exporter.getMetrics()[0]!.scopeMetrics[0]!.metrics
  const pointsOf = (name: string) => found.find(({ descriptor }) => descriptor.name === name)?.dataPoints
  expect(pointsOf('codemode.isolation')).toMatchObject([{ value: 1, attributes: { tier: 'bubblewrap' } }])
  const refused = pointsOf('codemode.requests.refused')?.filter(({ value }) => value !== 0)
  expect(refused).toMatchObject([{ value: 1, attributes: { code: 'RATE_LIMITED' } }])
  expect(pointsOf('codemode.queue.depth')).toMatchObject([{ value: 3 }])
  expect(pointsOf('codemode.store.call.duration')).toMatchObject([
    { value: { count: 1, sum: 0.02 }, attributes: { operation: 'create', outcome: 'completed' } },
  ])
  await provider.shutdown()
})
