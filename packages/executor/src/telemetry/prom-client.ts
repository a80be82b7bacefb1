// The main module of prom-client also loads a push gateway, clusters and default metrics, which takes 50 ms at each start.
import { createRequire } from 'node:module'

import type * as Client from 'prom-client'

const load = createRequire(import.meta.url)

export const Registry = load('prom-client/lib/registry.js') as typeof Client.Registry
export const Counter = load('prom-client/lib/counter.js') as typeof Client.Counter
export const Gauge = load('prom-client/lib/gauge.js') as typeof Client.Gauge
export const Histogram = load('prom-client/lib/histogram.js') as typeof Client.Histogram
