import { createNoopMeter, metrics as api, type Histogram, type Meter, type Observable } from '@opentelemetry/api'

import { executorVersion } from '../versions.ts'
import { metricDefinitions, type MetricDefinition, type MetricName } from './metric-definitions.ts'
import type { Metrics } from './metrics.ts'

/**
 * Reports all metrics through the OpenTelemetry API too, if the program has registered a meter provider, until the returned
 * object is disposed of.
 */
export function reportToOpenTelemetry(metrics: Metrics): Disposable {
  const meter = api.getMeter('@codemode/executor', executorVersion)
  if (meter === createNoopMeter()) return { [Symbol.dispose]() {} }
  const observables = new Map<MetricName, Observable>()
  const histograms = new Map<MetricName, Histogram>()
  for (const [key, definition] of Object.entries(metricDefinitions) as [MetricName, MetricDefinition][]) {
    if (definition.type === 'histogram') histograms.set(key, histogramOf(meter, definition))
    else observables.set(key, observableOf(meter, definition))
  }
  metrics.setReceiver((name, value, labels) => histograms.get(name)?.record(value, labels))
  const names = [...observables.keys()]
  const callback: Parameters<Meter['addBatchObservableCallback']>[0] = async (result) => {
    for (const [name, samples] of await metrics.samples(names)) {
      for (const { value, labels } of samples) result.observe(observables.get(name)!, value, labels)
    }
  }
  meter.addBatchObservableCallback(callback, [...observables.values()])
  return {
    [Symbol.dispose]() {
      metrics.setReceiver(undefined)
      meter.removeBatchObservableCallback(callback, [...observables.values()])
    },
  }
}

function histogramOf(meter: Meter, { name, description, unit, buckets = [] }: MetricDefinition): Histogram {
  return meter.createHistogram(name, {
    description,
    ...(unit && { unit }),
    advice: { explicitBucketBoundaries: [...buckets] },
  })
}

function observableOf(meter: Meter, { type, name, description, unit }: MetricDefinition): Observable {
  const options = { description, ...(unit && { unit }) }
  return type === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
}
