import { describe, expect, test } from 'vitest'

import {
  Codemode,
  ExecutorClient,
  MockExecutor,
  withCache,
  withDegradation,
  withFailover,
  withFallback,
  type Executor,
  type ToolCall,
  type ToolLike,
} from '@codemode/client'

import { apiKey, type Exchange, type Fault, startExecutor, startProxy, toolLatch, transports } from '@codemode/testkit'

const clientOf = ({ url }: { readonly url: string }) =>
  new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry: { backoffBaseMs: 1 } })

/**
 * Starts an executor, a proxy before it that applies the same fault function to all requests, and a client of the
 * proxy.
 */
async function behind(fault: (exchange: Exchange) => Fault) {
  const executor = await startExecutor()
  const proxy = await startProxy(executor, fault)
  return {
    proxy,
    client: clientOf(proxy),
    async [Symbol.asyncDispose]() {
      await proxy.cut()
      await executor.close({ drainMs: 0 })
    },
  }
}

/** Returns an executor at an address on which nothing listens. */
const nobody = () => clientOf({ url: 'http://127.0.0.1:1' })

describe.each(transports)('over the $transport transport', ({ config }) => {
  const codemodeOf = (executor: Executor, tools: Record<string, ToolLike>) =>
    Codemode.fromClientConfig({ executor, tools, ...config })

  test(
    'a cached result calls no tools, and another code, input or context runs again in the sandbox',
    { tags: ['CL-1'] },
    async () => {
      await using executor = await startExecutor()
      let calls = 0
      await using codemode = codemodeOf(withCache(clientOf(executor)), { next: () => (calls += 1) })
      const code = 'return [await tools.next(), input, context.user ?? null]'
      const first = await codemode.run(code, { input: { a: 1, b: 2 } })
      const second = await codemode.run(code, { input: { b: 2, a: 1 }, label: 'again' })
      expect(first).toMatchObject({ success: true, result: [1, { a: 1, b: 2 }, null], source: 'executor' })
      expect(second).toMatchObject({ success: true, result: [1, { a: 1, b: 2 }, null], source: 'cache' })
      expect(second.executionId).not.toBe(first.executionId)
      expect(second.correlationId).not.toBe(first.correlationId)
      const others = [
        await codemode.run(code, { input: { a: 1, b: 3 } }),
        await codemode.withContext({ user: 'u' }).run(code, { input: { a: 1, b: 2 } }),
        await codemode.run(`${code} // other`, { input: { a: 1, b: 2 } }),
      ]
      expect(others.map(({ source }) => source)).toEqual(['executor', 'executor', 'executor'])
      expect(calls).toBe(4)
      expect([await codemode.run('throw 1'), await codemode.run('throw 1')]).toMatchObject([
        { success: false, source: 'executor' },
        { success: false, source: 'executor' },
      ])
    },
  )

  test(
    'identical concurrent executions share one run, even when one of them is aborted',
    { tags: ['CL-1'] },
    async () => {
      await using executor = await startExecutor()
      const { enter, arrived, open, signals } = toolLatch()
      await using codemode = codemodeOf(withCache(clientOf(executor)), { enter, double: (n: number) => n * 2 })
      const controller = new AbortController()
      const code = 'return await tools.double(await tools.enter(7))'
      const impatient = codemode.run(code, { signal: controller.signal })
      const patient = [codemode.run(code), codemode.run(code)]
      await arrived()
      controller.abort()
      await expect(impatient).rejects.toMatchObject({ code: 'CANCELLED' })
      open()
      expect(await Promise.all(patient)).toMatchObject([
        { result: 14, source: 'cache' },
        { result: 14, source: 'cache' },
      ])
      expect(signals).toHaveLength(1)
    },
  )

  test('the abort of all its executions cancels a shared run with its tools', { tags: ['CL-1'] }, async () => {
    await using executor = await startExecutor()
    const { enter, arrived, signals } = toolLatch()
    await using codemode = codemodeOf(withCache(clientOf(executor)), { enter })
    const controllers = [new AbortController(), new AbortController()]
    const running = controllers.map(({ signal }) => codemode.run('return await tools.enter(7)', { signal }))
    await arrived()
    for (const controller of controllers) controller.abort()
    await Promise.all(running.map((run) => expect(run).rejects.toMatchObject({ code: 'CANCELLED' })))
    await expect.poll(() => signals[0]!.aborted).toBe(true)
  })

  test(
    'the fallback runs the code again from its start when the first executor is lost, with new calls for its tools',
    { tags: ['CL-1'] },
    async () => {
      await using first = await behind(() => 'pass')
      await using second = await startExecutor()
      const { enter, arrived, open } = toolLatch()
      const callIds: string[] = []
      const note = (input: unknown, { callId }: ToolCall) => {
        callIds.push(callId)
        return input
      }
      await using codemode = codemodeOf(withFallback(first.client, clientOf(second)), { enter, note })
      const running = codemode.run('await tools.note(1)\nreturn await tools.enter(2)')
      await arrived()
      await first.proxy.cut()
      open()
      const result = await running
      expect(result).toMatchObject({ success: true, result: 2, source: 'fallback' })
      expect(callIds).toHaveLength(2)
      expect(callIds[1]).toBe(`${result.executionId}:1`)
      expect(callIds[0]).not.toBe(callIds[1])
    },
  )

  test('the fallback runs code that takes too long, and the first executor stops', { tags: ['CL-1'] }, async () => {
    await using first = await startExecutor()
    await using second = await startExecutor()
    const { enter, arrived, signals } = toolLatch()
    const slowOnFirst = (_: unknown, call: ToolCall) => (signals.length === 0 ? enter(1, call) : 2)
    const executor = withFallback(clientOf(first), clientOf(second), { timeoutMs: 10_000 })
    await using codemode = codemodeOf(executor, { slowOnFirst })
    const running = codemode.run('return await tools.slowOnFirst()')
    await arrived()
    expect(await running).toMatchObject({ success: true, result: 2, source: 'fallback' })
    await expect.poll(() => signals[0]!.aborted).toBe(true)
  })

  test('all wrappers can be nested, and each outcome names its source', { tags: ['CL-1'] }, async () => {
    await using executor = await startExecutor()
    const fallback = withFallback(nobody(), withFailover([nobody(), clientOf(executor)]))
    await using codemode = codemodeOf(withDegradation(withCache(fallback), { result: null }), { two: () => 2 })
    const code = 'return await tools.two() * 2'
    expect(await codemode.run(code)).toMatchObject({ success: true, result: 4, source: 'fallback' })
    expect(await codemode.run('null.x')).toMatchObject({ success: false, source: 'fallback' })
    expect(await codemode.readyCheck()).toBe(true)

    const cached = withCache(withFailover([nobody(), clientOf(executor)]))
    await using other = codemodeOf(withDegradation(cached, { result: null }), { two: () => 2 })
    expect(await other.run(code)).toMatchObject({ result: 4, source: 'executor' })
    expect(await other.run(code)).toMatchObject({ result: 4, source: 'cache' })
    await executor.close({ drainMs: 0 })
    expect(await other.run(code)).toMatchObject({ result: 4, source: 'cache' })
    expect(await other.run('return 5')).toMatchObject({ success: true, result: null, source: 'degraded' })
    expect(await codemode.readyCheck()).toBe(false)
  })

  test('a handle reaches the executor that runs it, through all wrappers', { tags: ['CL-1'] }, async () => {
    await using executor = await startExecutor()
    const { enter, arrived, open } = toolLatch()
    const inner = withFallback(withFailover([nobody(), clientOf(executor)]), nobody(), { timeoutMs: 20_000 })
    await using codemode = codemodeOf(withDegradation(inner, { result: null }), { enter })
    const execution = await codemode.submit('return await tools.enter(1)')
    await arrived()
    await execution.cancel('enough')
    expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    const types: string[] = []
    for await (const { type } of execution.events()) types.push(type)
    expect([types[0], types.at(-1)]).toEqual(['started', 'finished'])
    open()
  })
})

test('when both executors fail, the error has both errors', { tags: ['CL-1'] }, async () => {
  await using codemode = Codemode.fromClientConfig({ executor: withFallback(nobody(), nobody()) })
  const error: unknown = await codemode.executeAsync('1').catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(AggregateError)
  expect(error).toMatchObject({ errors: [{ code: 'CONNECTION_FAILED' }, { code: 'CONNECTION_FAILED' }] })
})

test(
  'an execution that one executor refuses runs on the next one, which also gets the following executions',
  { tags: ['CL-1'] },
  async () => {
    await using first = await behind(() => ({ status: 503, body: 'busy' }))
    await using second = await startExecutor()
    const executor = withFailover([first.client, clientOf(second)])
    await using codemode = Codemode.fromClientConfig({ executor })
    const asked = () => first.proxy.exchanges.filter(({ path }) => path.startsWith('/v1/')).length
    expect(await codemode.executeAsync('return 1')).toBe(1)
    const before = asked()
    expect(before).toBeGreaterThan(0)
    expect(await codemode.executeAsync('return 2')).toBe(2)
    expect(asked()).toBe(before)
  },
)

test('failover does not repeat an execution that may have run', { tags: ['CL-1'] }, async () => {
  await using first = await behind(({ path }) => (path === '/v1/info' ? 'pass' : 'lose the answer'))
  await using second = await behind(() => 'pass')
  await using codemode = Codemode.fromClientConfig({ executor: withFailover([first.client, second.client]) })
  await expect(codemode.executeAsync('1')).rejects.toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
  expect(second.proxy.exchanges).toEqual([])
  expect(await codemode.executeAsync('2')).toBe(2)
})

test(
  'a MockExecutor tests an agent without a server: canned answers, its real tools, and recorded requests',
  { tags: ['CL-4'] },
  async () => {
    const executor = new MockExecutor({
      responses: [
        { code: /tools\.weather/, result: async (_request, callTool) => callTool('weather', { city: 'Oslo' }) },
        { code: 'null.x', error: { name: 'TypeError', message: "Cannot read properties of null (reading 'x')" } },
      ],
      defaultResult: 'a default',
    })
    const asked: unknown[] = []
    const weather = (input: unknown, { context }: { context: object }) => {
      asked.push([input, context])
      return 21
    }
    await using codemode = Codemode.fromClientConfig({ executor, tools: { weather } })
    const agent = codemode.withContext({ user: 'u1' })
    expect(await agent.executeAsync('return await tools.weather({ city: "Oslo" })', { label: 'first' })).toBe(21)
    expect(asked).toEqual([[{ city: 'Oslo' }, { user: 'u1' }]])
    await expect(agent.executeAsync('null.x')).rejects.toMatchObject({ name: 'ExecutionError', errorName: 'TypeError' })
    expect(await agent.executeAsync('anything else')).toBe('a default')
    // The tool, and the three built-in ones by which code finds tools.
    expect(executor.calls.map(({ request }) => [request.code, request.label, request.tools?.length])).toEqual([
      ['return await tools.weather({ city: "Oslo" })', 'first', 4],
      ['null.x', undefined, 4],
      ['anything else', undefined, 4],
    ])
  },
)
