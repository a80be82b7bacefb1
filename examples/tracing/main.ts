/**
 * Shows one trace through an application, its client, an executor and a tool: both processes load `telemetry.ts` and send
 * their spans to a collector.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode } from '@codemode/client'
import { startExecutorProcess } from '@codemode/testkit'
import { trace } from '@opentelemetry/api'

import { Collector } from './collector.ts'

await using collector = new Collector()
const endpoint = await collector.listen()
env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint
// A program of yours is started with `--import ./telemetry.ts` instead, as the executor here.
const { provider } = await import('./telemetry.ts')

const tracer = trace.getTracer('the-application')
const tools = {
  stock: ({ item }: { item: string }) =>
    tracer.startActiveSpan('query the database', (span) => (span.end(), item.length)),
}

/** Runs code in a span of the application, and resolves with the id of its trace. */
function run(codemode: Codemode): Promise<string> {
  return tracer.startActiveSpan('handle the request', async (span) => {
    await codemode.executeAsync('return tools.stock({ item: "pen" })', { label: 'stock of pens' })
    span.end()
    return span.spanContext().traceId
  })
}

const traceIds: string[] = []
{
  // The executor sends the spans that it holds before it exits, at the end of this block.
  await using executor = await startExecutorProcess({
    preload: new URL('telemetry.ts', import.meta.url).href,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'executor' },
  })
  const config = { executorUrl: executor.url, executorApiKey: executor.apiKey, tools }
  for (const transport of [{ toolServer: { port: 0 } }, {}]) {
    await using codemode = Codemode.fromClientConfig({ ...config, ...transport })
    traceIds.push(await run(codemode))
  }
}
await provider.forceFlush()

for (const traceId of traceIds) {
  const lines = collector.treesOf(traceId)
  console.log(lines.join('\n'))
  assert.equal(lines.filter((line) => !line.startsWith(' ')).length, 1, 'all spans are in one tree')
  // It is the same by callback and over the stream.
  assert.deepEqual(collector.pathTo('query the database', traceId), [
    'handle the request (application)',
    'codemode.execute (application)',
    'codemode.request (application)',
    'codemode.execution (executor)',
    'codemode.tool_call stock (executor)',
    'codemode.tool stock (application)',
    'query the database (application)',
  ])
}
