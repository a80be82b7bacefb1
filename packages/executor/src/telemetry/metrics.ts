import type * as Client from 'prom-client'

import {
  metricDefinitions,
  prometheusName,
  type LabelsOf,
  type MetricDefinition,
  type MetricName,
  type NameOfType,
} from './metric-definitions.ts'
import { Counter, Gauge, Histogram, Registry } from './prom-client.ts'

type Instrument = Client.Counter | Client.Gauge | Client.Histogram
type Labels = Readonly<Record<string, string>>
/** Value of a metric for some labels. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** Metrics of one executor, in memory. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #instruments = new Map<MetricName, Instrument>()
  #observeDuration: ((name: MetricName, value: number, labels: Labels) => void) | undefined
  #read: () => Promise<void> = async () => {}

  constructor() {
    for (const [name, definition] of Object.entries(metricDefinitions)) {
      this.#instruments.set(name as MetricName, instrumentOf(definition, this.#registry))
    }
  }

  /** Adds to a counter. */
  add<Name extends NameOfType<'counter'>>(name: Name, labels: LabelsOf<Name>, value = 1): void {
    ;(this.#instruments.get(name) as Client.Counter).inc(labels, value)
  }

  /** Sets a gauge. */
  set<Name extends NameOfType<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    ;(this.#instruments.get(name) as Client.Gauge).set(labels, value)
  }

  /** Removes all values of a gauge. */
  clear(name: NameOfType<'gauge'>): void {
    this.#instruments.get(name)!.reset()
  }

  /** Adds a value to a histogram. */
  observe<Name extends NameOfType<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    ;(this.#instruments.get(name) as Client.Histogram).observe(labels, value)
    this.#observeDuration?.(name, value, labels)
  }

  /** Sets the function that sets the gauges, before they are read. It must not reject. */
  setReader(read: () => Promise<void>): void {
    this.#read = read
  }

  /** Sets a further receiver of the values of histograms; undefined for none. */
  setReceiver(observe: ((name: MetricName, value: number, labels: Labels) => void) | undefined): void {
    this.#observeDuration = observe
  }

  /** Returns all metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    await this.#read()
    return this.#registry.metrics()
  }

  /** Returns the values of counters and gauges. */
  async samples(names: readonly MetricName[]): Promise<ReadonlyMap<MetricName, readonly Sample[]>> {
    await this.#read()
    const samples = new Map<MetricName, readonly Sample[]>()
    for (const name of names) {
      const { values } = await this.#instruments.get(name)!.get()
      samples.set(
        name,
        values.map(({ labels, value }) => ({ labels: labels as Labels, value })),
      )
    }
    return samples
  }
}

function instrumentOf(definition: MetricDefinition, registry: Client.Registry): Instrument {
  const { type, description: help, labels: labelNames, buckets = [] } = definition
  const options = { name: prometheusName(definition), help, labelNames: [...labelNames], registers: [registry] }
  if (type === 'counter') return new Counter(options)
  return type === 'gauge' ? new Gauge(options) : new Histogram({ ...options, buckets: [...buckets] })
}
