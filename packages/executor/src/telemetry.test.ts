import { metrics, type Attributes, type MeterProvider, type ObservableCallback } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'

import { metricsObserver } from './telemetry.ts'

afterEach(() => metrics.disable())

test('a gauge reports the isolation of the sandbox processes with the tier as an attribute', () => {
  const observed: [string, number, Attributes | undefined][] = []
  const callbacks = new Map<string, ObservableCallback>()
  // A minimal OpenTelemetry SDK, with only what this metric needs.
  metrics.setGlobalMeterProvider({
    getMeter: () => ({
      createObservableGauge: (name: string) => ({
        addCallback: (callback: ObservableCallback) => callbacks.set(name, callback),
      }),
    }),
  } as unknown as MeterProvider)
  metricsObserver().sandboxStarted({ tier: 'bubblewrap', layers: [] })
  for (const [name, callback] of callbacks) {
    void callback({ observe: (value, attributes) => observed.push([name, value, attributes]) })
  }
  expect(observed).toEqual([['codemode.isolation', 1, { 'codemode.tier': 'bubblewrap' }]])
})
