import { env } from 'node:process'

import { trace, type Span } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { expect, onTestFinished, test } from 'vitest'

import { Codemode, ExecutorClient, withFailover } from '@codemode/client'
import { sharedToolServer, startExecutorProcess, startPostgres, toolLatch } from '@codemode/testkit'

import { Collector } from '../../examples/tracing/collector.ts'

test(
  'the spans that a collector has of an execution whose node got SIGKILL are one tree',
  { tags: ['OP-1', 'JB-5'] },
  async () => {
    await using collector = new Collector()
    const endpoint = await collector.listen()
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint
    onTestFinished(() => void delete env['OTEL_EXPORTER_OTLP_ENDPOINT'])
    const { provider } = await import('../../examples/tracing/telemetry.ts')
    await using database = await startPostgres()
    const start = (name: string) =>
      startExecutorProcess({
        preload: new URL('../../examples/tracing/telemetry.ts', import.meta.url).href,
        env: {
          CODEMODE_DATABASE_URL: database.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_SERVICE_NAME: name,
          // A batch is sent at once, before the node is killed.
          OTEL_BSP_SCHEDULE_DELAY: '1',
        },
      })
    const latch = toolLatch()
    const first = await start('first')
    const executors = [first]
    onTestFinished(() => Promise.all(executors.map((executor) => executor.kill())).then(() => {}))
    const clients = (): ExecutorClient[] =>
      executors.map(({ url, apiKey }) => new ExecutorClient({ executorUrl: url, executorApiKey: apiKey }))
    const toolServer = await sharedToolServer()
    let handler: Span | undefined
    const enter: typeof latch.enter = (input, call) => {
      handler = trace.getActiveSpan()
      return latch.enter(input, call)
    }
    const tools = { look: (n: unknown) => n, enter }
    const code = 'await tools.look(1)\nawait tools.enter(2)\nreturn tools.look(3)'
    await using submitter = Codemode.fromClientConfig({ executor: withFailover(clients()), toolServer, tools })
    const [execution, traceId] = await trace
      .getTracer('the-application')
      .startActiveSpan('application', async (span) => {
        const submitted = await submitter.submit(code, { detached: true })
        span.end()
        return [submitted, span.spanContext().traceId] as const
      })
    await latch.arrived()
    const has = (line: RegExp): boolean => collector.treesOf(traceId).some((text) => line.test(text))
    await expect.poll(() => has(/tool_call look \(first\)/)).toBe(true)
    executors.push(await start('second'))
    await first.kill()
    // The second node has sent the call again, and the running handler is to answer it.
    await expect.poll(() => (handler as Partial<ReadableSpan>).links).toHaveLength(1)
    latch.open()
    await using watcher = Codemode.fromClientConfig({ executor: clients()[1]! })
    expect(await (await watcher.getExecution(execution.id)).wait()).toMatchObject({ success: true, result: 3 })
    await provider.forceFlush()
    await expect.poll(() => has(/codemode.claim \(second\)/)).toBe(true)
    const lines = collector.treesOf(traceId)
    expect(lines.filter((line) => !line.startsWith(' '))).toEqual(['application (application)'])
    // The first node's span of the call that was in flight is lost; its handler, which ran once, has a link to the second's.
    const at = lines.findIndex((line) => line.includes('codemode.tool_call enter (second)'))
    expect(lines[at + 1]).toContain('codemode.tool enter (application)')
  },
)
