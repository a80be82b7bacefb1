import { Hono, type Handler } from 'hono'

import type { HttpEnv } from './http-context.ts'
import { requireRight } from './rights.ts'

/** Metrics in the text format of Prometheus. */
export interface MetricsText {
  text(): Promise<string>
}

const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Handles GET /metrics: responds with the metrics of this node, to a key with the right `operate`. */
export function readMetrics({ metrics }: { metrics: MetricsText }): Handler<HttpEnv> {
  return async function readMetrics(c) {
    requireRight(c.get('principal'), 'operate', 'Reading the metrics')
    return c.body(await metrics.text(), 200, { 'content-type': contentType })
  }
}

/** Creates the app of the port that has only the metrics, and needs no key. */
export function createMetricsApp({ metrics }: { metrics: MetricsText }): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'content-type': contentType }))
  return app
}
