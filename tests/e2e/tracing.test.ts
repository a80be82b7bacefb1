import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { connect, startExecutor, startProxy, toolLatch, transports } from '@codemode/testkit'

import { SpanRecorder } from '../support/span-recorder.ts'

const recorder = new SpanRecorder()
const prefix = 'id-of-the-execution-'
const tracer = trace.getTracer('the-application')
const named = (name: string): ReadableSpan[] => recorder.named(name)
let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  recorder[Symbol.dispose]()
})
beforeEach(() => recorder.reset())

function refuse(): never {
  throw new Error('no')
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'application, client, executor and tool share one trace, which includes the handler',
    { tags: ['CX-2', 'OP-1'] },
    async () => {
      const active: (string | undefined)[] = []
      const look = () => {
        active.push(trace.getActiveSpan()?.spanContext().traceId)
        return tracer.startActiveSpan('in the handler', (span) => span.end())
      }
      await using client = connect(executor, { ...config, tools: { look } })
      const correlationId = 'the-id-of-the-trace'
      const traceId = await recorder.inApplication(() =>
        client.executeAsync('await Promise.all([tools.look({}), tools.look({})])', { correlationId }),
      )
      await expect.poll(() => named('codemode.execution')).toHaveLength(1)
      await expect.poll(() => named('codemode.request').length).toBeGreaterThanOrEqual(1)
      const spans = recorder.spans
      expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]))
      expect(active).toEqual([traceId, traceId])
      expect(named('codemode.tool_call')).toHaveLength(2)
      expect(named('codemode.tool')).toHaveLength(2)
      expect(named('in the handler')).toHaveLength(2)
      for (const span of spans.filter(({ name }) => name.startsWith('codemode.'))) {
        expect(span.attributes).toMatchObject({ 'codemode.correlation_id': correlationId })
      }
      const onTheExecutor = ['codemode.execution', 'codemode.request', 'codemode.execute', 'application']
      for (const span of named('codemode.tool_call'))
        expect(recorder.pathOf(span)).toEqual(['codemode.tool_call', ...onTheExecutor])
      for (const span of named('in the handler'))
        expect(recorder.pathOf(span)).toEqual([
          'in the handler',
          'codemode.tool',
          'codemode.tool_call',
          ...onTheExecutor,
        ])
    },
  )

  test('each of several parallel executions has its own trace', { tags: ['CX-2'] }, async () => {
    await using client = connect(executor, { ...config, tools: { one: () => 1 } })
    const traceIds = await Promise.all(
      Array.from({ length: 10 }, (_, input) =>
        recorder.inApplication(() => client.executeAsync('tools.one({})', { correlationId: `${prefix}${input}` })),
      ),
    )
    await expect.poll(() => named('codemode.execution')).toHaveLength(10)
    for (const span of recorder.spans.filter(({ name }) => name.startsWith('codemode.'))) {
      const index = Number(String(span.attributes['codemode.correlation_id']).slice(prefix.length))
      expect(span.spanContext().traceId).toBe(traceIds[index])
    }
  })

  test('the spans of a failed execution have the status error', { tags: ['CX-2'] }, async () => {
    await using client = connect(executor, { ...config, tools: { refuse } })
    await client.run('tools.refuse({})')
    await expect.poll(() => named('codemode.execution')).toHaveLength(1)
    const names = ['codemode.execute', 'codemode.execution', 'codemode.tool_call', 'codemode.tool']
    const statuses = names.map((name) => [name, named(name)[0]?.status.code])
    expect(statuses).toEqual(names.map((name) => [name, SpanStatusCode.ERROR]))
  })

  test('all spans of an execution that is cancelled during its calls end', { tags: ['OP-1'] }, async () => {
    const { enter, arrived } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const running = client.executeAsync('await Promise.all([tools.enter({}), tools.enter({})])', options)
    await arrived()
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect.poll(() => recorder.openSpans).toEqual([])
    expect(named('codemode.tool_call').length).toBeGreaterThanOrEqual(1)
  })

  test('the span of a call that was not answered in time has the code of the timeout', { tags: ['OP-1'] }, async () => {
    const { enter } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter: { execute: enter, timeoutMs: 100 } } })
    await client.executeAsync('return tools.enter({}).catch(({ code }) => code)')
    const [call, ...others] = named('codemode.tool_call')
    expect(others).toEqual([])
    expect(call?.attributes['error.type']).toBe('TOOL_TIMEOUT')
  })

  test('every attempt has its own span, in the same trace', { tags: ['CX-2'] }, async () => {
    let attempts = 0
    await using proxy = await startProxy(executor, ({ path }) =>
      path === '/v1/executions' && (attempts += 1) < 3 ? 'reset' : 'pass',
    )
    await using client = connect(proxy, { ...config, retry: { backoffBaseMs: 1 }, tools: { one: () => 1 } })
    const traceId = await recorder.inApplication(() => client.executeAsync('tools.one({})'))
    await expect.poll(() => named('codemode.execution')).toHaveLength(1)
    const creations = named('codemode.request').filter((span) => span.spanContext().traceId === traceId)
    expect(creations.map(({ attributes }) => attributes['codemode.attempt'])).toEqual(expect.arrayContaining([1, 2, 3]))
    const third = creations.find(({ attributes }) => attributes['codemode.attempt'] === 3)
    expect(named('codemode.execution')[0]!.parentSpanContext?.spanId).toBe(third?.spanContext().spanId)
  })
})

test('an execution that was never admitted ends its span', { tags: ['CX-2'] }, async () => {
  await using narrow = await startExecutor({ sandboxProcesses: 1, maxRunning: 1 })
  const entered = Promise.withResolvers<void>()
  const tools = { hang: () => new Promise(() => entered.resolve()) }
  await using client = connect(narrow, { retry: false, tools })
  const running = client.executeAsync('tools.hang({})').catch(() => {})
  await entered.promise
  await expect(client.executeAsync('return 1', { queueTimeoutMs: 50 })).rejects.toMatchObject({ code: 'QUEUE_TIMEOUT' })
  await expect.poll(() => named('codemode.execution').map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR])
  await client.close()
  await running
})
