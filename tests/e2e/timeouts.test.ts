import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

import { describe, expect, test } from 'vitest'

import { ConfigurationError, ExecutorTimeoutError } from '@codemode/client'

import { aborted, api, connect, startExecutor, startProxy, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

async function timeoutOf(value: Promise<unknown>): Promise<ExecutorTimeoutError> {
  const error: unknown = await value.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ExecutorTimeoutError)
  return error as ExecutorTimeoutError
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('the execution clock fires while the code waits, and aborts its handlers', { tags: ['RT-3'] }, async () => {
    const { enter, signals } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const options = { executionTimeoutMs: 4_000, cpuTimeoutMs: 4_000, toolTimeoutMs: 4_000 }
    const error = await timeoutOf(
      client.executeAsync('try { await tools.enter({}) } finally { await sleep(9_000) }', options),
    )
    expect(error).toMatchObject({
      code: 'EXECUTION_TIMEOUT',
      layer: 'execution',
      timeoutMs: 4_000,
      option: 'executionTimeoutMs',
    })
    await aborted(signals[0]!)
  })

  test(
    "the tool clock fails its call, which the code can catch, and aborts the tool's handler",
    { tags: ['RT-3'] },
    async () => {
      const { enter, signals } = toolLatch()
      await using client = connect(suite.executor, { ...config, tools: { enter } })
      const caught = await client.executeAsync(
        'try { await tools.enter({}) } catch ({ name, code, data, retryable }) { return { name, code, data, retryable } }',
        { toolTimeoutMs: 4_000 },
      )
      expect(caught).toMatchObject({ name: 'ToolError', code: 'TOOL_TIMEOUT', retryable: true })
      expect(caught).toMatchObject({ data: { layer: 'tool', timeoutMs: 4_000, option: 'toolTimeoutMs' } })
      expect(await aborted(signals[0]!)).toMatchObject({ name: expect.stringMatching(/AbortError|TimeoutError/) })
    },
  )

  test("a tool's own timeout applies to its calls only", { tags: ['RT-3'] }, async () => {
    const { enter } = toolLatch()
    const tools = { slow: { execute: enter, timeoutMs: 100 }, quick: () => 'quick' }
    await using client = connect(suite.executor, { ...config, tools })
    const code = 'return [await tools.slow({}).catch(({ code }) => code), await tools.quick({})]'
    expect(await client.executeAsync(code)).toEqual(['TOOL_TIMEOUT', 'quick'])
  })

  test(
    'a handler receives the deadline of its call, which is that of the clock that ends it first',
    { tags: ['RT-3'] },
    async () => {
      let [submittedAt, leftMs, sinceSubmitMs] = [0, 0, 0]
      const look = (_: unknown, { deadline }: { deadline: Date }) => {
        const now = Date.now()
        leftMs = deadline.getTime() - now
        sinceSubmitMs = deadline.getTime() - submittedAt
      }
      await using client = connect(suite.executor, { ...config, tools: { look } })
      for (const [options, timeoutMs] of [
        [{ toolTimeoutMs: 7_000, executionTimeoutMs: 60_000 }, 7_000],
        [{ executionTimeoutMs: 8_000 }, 8_000],
      ] as const) {
        submittedAt = Date.now()
        await client.executeAsync('tools.look({})', options)
        expect(leftMs).toBeLessThanOrEqual(timeoutMs)
        // The clock starts after the submission. Client and executor round their times to milliseconds.
        expect(sinceSubmitMs).toBeGreaterThanOrEqual(timeoutMs - 2)
      }
    },
  )

  test(
    'the queue clock fires while the execution waits for admission, and the code never runs',
    { tags: ['RT-3'] },
    async () => {
      await using narrow = await startExecutor({ sandboxProcesses: 1, maxRunning: 1 })
      const { enter, arrived, open } = toolLatch()
      let calls = 0
      await using client = connect(narrow, { ...config, retry: false, tools: { enter, count: () => (calls += 1) } })
      const running = client.executeAsync('tools.enter("done")')
      await arrived()
      expect(await timeoutOf(client.executeAsync('tools.count({})', { queueTimeoutMs: 120 }))).toMatchObject({
        code: 'QUEUE_TIMEOUT',
        httpStatus: 503,
        layer: 'queue',
        timeoutMs: 120,
        option: 'queueTimeoutMs',
        retryable: true,
        ambiguous: false,
      })
      open()
      expect(await running).toBe('done')
      expect(await client.executeAsync('return 1')).toBe(1)
      expect(calls).toBe(0)
    },
  )

  test('the request timeout expires when no answer arrives', { tags: ['RT-3'] }, async () => {
    await using proxy = await startProxy(suite.executor, ({ path }) => (path === '/v1/executions' ? 'hang' : 'pass'))
    const clocks = { requestTimeoutMs: 200, executionTimeoutMs: 100, queueTimeoutMs: 100, connectTimeoutMs: 100 }
    await using client = connect(proxy, { ...config, ...clocks, tools: { one: () => 1 } })
    expect(await timeoutOf(client.executeAsync('tools.one({})'))).toMatchObject({
      code: 'REQUEST_TIMEOUT',
      layer: 'request',
      timeoutMs: 200,
      option: 'requestTimeoutMs',
      ambiguous: true,
    })
  })

  test('a larger value for one execution overrides the default of the client', { tags: ['RT-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    const clocks = { executionTimeoutMs: 150, toolTimeoutMs: 100, cpuTimeoutMs: 50, requestTimeoutMs: 400 }
    await using client = connect(suite.executor, { ...config, ...clocks, tools: { enter } })
    const options = { executionTimeoutMs: 60_000, toolTimeoutMs: 60_000, cpuTimeoutMs: 20_000 }
    const value = client.executeAsync(
      'const end = 5e7; let x = 0; for (let i = 0; i < end; i++) x = (x * 31 + i) % 1000003\nawait sleep(500)\nreturn tools.enter(1)',
      options,
    )
    await arrived()
    open()
    expect(await value).toBe(1)
    await timeoutOf(client.executeAsync('await sleep(5_000)'))
  })
})

test('the connect clock fires when a connection takes too long', { tags: ['RT-3'] }, async () => {
  // The server accepts connections and never answers the TLS handshake.
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using client = connect({ url }, { connectTimeoutMs: 100, retry: false })
  expect(await timeoutOf(client.executeAsync('return 1'))).toMatchObject({
    code: 'CONNECTION_FAILED',
    layer: 'connect',
    timeoutMs: 100,
    option: 'connectTimeoutMs',
    attempts: 1,
    ambiguous: false,
  })
  await new Promise((resolve) => server.close(resolve))
})

test(
  'the clock of the request reaches the executor, which ends the execution on its own',
  { tags: ['RT-3'] },
  async () => {
    const { status, body } = await api(suite.executor, '/v1/executions', {
      body: { code: 'await sleep(20_000)' },
      headers: { 'x-codemode-timeout-ms': '150' },
    })
    expect(status).toBe(200)
    const { code, details } = body.error
    expect(code).toBe('EXECUTION_TIMEOUT')
    // The time of the transfer to the executor and of its queue is already deducted.
    expect(details).toEqual({ layer: 'request', option: 'requestTimeoutMs', timeoutMs: expect.any(Number) })
    expect(details.timeoutMs).toBeLessThanOrEqual(150)
  },
)

test(
  'the client refuses an inner clock that is longer than its outer one, with the corrected code',
  { tags: ['RT-3'] },
  async () => {
    for (const inner of ['cpuTimeoutMs', 'toolTimeoutMs'] as const) {
      const refused = suite.codemode.executeAsync('return 1', { [inner]: 2_000, executionTimeoutMs: 1_000 })
      await expect(refused).rejects.toBeInstanceOf(ConfigurationError)
      await expect(refused).rejects.toMatchObject({
        message: expect.stringMatching(
          new RegExp(`${inner} \\(2000 ms\\) is longer than executionTimeoutMs \\(1000 ms\\)`),
        ),
      })
      const limits = { [inner]: 2_000, executionTimeoutMs: 1_000 }
      expect(await api(suite.executor, '/v1/executions', { body: { code: '1', limits } })).toMatchObject({
        status: 400,
      })
    }
    for (const inner of ['executionTimeoutMs', 'queueTimeoutMs', 'connectTimeoutMs'] as const) {
      expect(() => connect(suite.executor, { [inner]: 2_000, requestTimeoutMs: 1_000 })).toThrow(ConfigurationError)
    }
  },
)

test("the executor refuses a clock above the key's maximum and names the maximum", { tags: ['RT-3'] }, async () => {
  await expect(suite.codemode.executeAsync('return 1', { cpuTimeoutMs: 30_001 })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    httpStatus: 400,
    message: expect.stringContaining('30000'),
  })
})
