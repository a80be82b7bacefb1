import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ExecutorConnectionError } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { api, busy, connect, type Fault, freePort, startExecutor, startProxy, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

/** Applies the faults to the first attempts to run code; later attempts, and all other requests, pass. */
function firstAttempts(...faults: Fault[]) {
  return ({ method, path }: { method: string; path: string }): Fault =>
    method === 'POST' && path === '/v1/executions' ? (faults.shift() ?? 'pass') : 'pass'
}

const attemptsOf = (proxy: { readonly exchanges: readonly { path: string; at: number }[] }) =>
  proxy.exchanges.filter(({ path }) => path === '/v1/executions')

describe.each(transports)('over the $transport transport', ({ config }) => {
  /** Starts a client through a proxy, with a tool that counts its calls. */
  async function through(faultOf: Parameters<typeof startProxy>[1], backoffBaseMs = 1) {
    const proxy = await startProxy(executor, faultOf)
    const calls: string[] = []
    const count = (_: unknown, { callId }: { callId: string }) => calls.push(callId)
    const client = connect(proxy, { ...config, retry: { backoffBaseMs }, tools: { count } })
    return { proxy, calls, client, [Symbol.asyncDispose]: () => client.close().then(() => proxy.cut()) }
  }

  test('submit and its handle work over a stream that breaks after every event', { tags: ['RT-2'] }, async () => {
    const cuts = ['event: started', 'event: tool.called', 'event: tool.settled']
    await using setup = await through(({ path, method }) =>
      path.endsWith('/events') || (method === 'POST' && path === '/v1/executions')
        ? { cutAfter: cuts.shift() ?? 'never' }
        : 'pass',
    )
    const execution = await setup.client.submit(`
      const first = await tools.count({})
      await sleep(1)
      return [first, await tools.count({}), await tools.count({})]`)
    expect(await execution.wait()).toMatchObject({ success: true, result: [1, 2, 3] })
    expect(execution.progress).toMatchObject({ toolCalls: 3, toolCallsSettled: 3 })
    expect(setup.calls).toEqual([1, 2, 3].map((number) => `${execution.id}:${number}`))
    expect(attemptsOf(setup.proxy)).toHaveLength(1)
  })

  test(
    'after the last attempt the error has the number of attempts, and keeps the last cause',
    { tags: ['RT-1'] },
    async () => {
      await using setup = await through(() => 'reset')
      const error: unknown = await setup.client.executeAsync('tools.count({})').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ExecutorConnectionError)
      // The client first asks for the reading of the executor's clock; that request runs nothing.
      expect(error).toMatchObject({
        ambiguous: false,
        attempts: 3,
        message: expect.stringContaining('after 3 attempts'),
      })
      const causes: unknown[] = []
      for (let each = error; each instanceof Error; each = each.cause) causes.push((each as { code?: string }).code)
      expect(causes.at(-1)).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
      expect(setup.calls).toEqual([])
    },
  )
})

test(
  'a refused connection is tried three times, and the error says so and that nothing has run',
  { tags: ['RT-1'] },
  async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    await using client = connect({ url }, { retry: { backoffBaseMs: 1 } })
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({
      name: 'ExecutorConnectionError',
      code: 'CONNECTION_FAILED',
      attempts: 3,
      ambiguous: false,
      retryable: true,
      message: expect.stringMatching(/ECONNREFUSED \(after 3 attempts\)$/),
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
      suggestion: expect.stringContaining(url),
    })
  },
)

test.each([429, 503] as const)(
  'a permanent %i is the last error of the client, with its status',
  { tags: ['RT-1'] },
  async (status) => {
    await using proxy = await startProxy(executor, () => busy(status))
    await using client = connect(proxy, { retry: { maxAttempts: 4, backoffBaseMs: 1 } })
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({
      httpStatus: status,
      code: status === 429 ? 'RATE_LIMITED' : 'OVERLOADED',
      attempts: 4,
      ambiguous: false,
      message: 'busy (after 4 attempts)',
    })
    expect(proxy.exchanges).toHaveLength(4)
  },
)

test('delays start at the base, double, and have jitter', { tags: ['RT-1'] }, async () => {
  await using proxy = await startProxy(executor, () => 'reset')
  await using client = connect(proxy, { retry: { maxAttempts: 4, backoffBaseMs: 40 } })
  await expect(client.executeAsync('return 1')).rejects.toMatchObject({ attempts: 4 })
  const gaps = proxy.exchanges.slice(1).map(({ at }, index) => at - proxy.exchanges[index]!.at)
  // Jitter reduces a delay by at most a half; a busy machine only adds to it.
  for (const [index, gapMs] of gaps.entries()) expect(gapMs).toBeGreaterThanOrEqual(40 * 2 ** index * 0.5 - 2)
})

test('Retry-After is honoured when it is longer than the backoff, and capped', { tags: ['RT-1'] }, async () => {
  await using proxy = await startProxy(executor, firstAttempts(busy(429, '1'), busy(503, '3600')))
  await using client = connect(proxy, { retry: { backoffBaseMs: 1, backoffMaxMs: 1_200 } })
  expect(await client.executeAsync('return 1')).toBe(1)
  const [first, second, third] = attemptsOf(proxy).map(({ at }) => at)
  expect(second! - first!).toBeGreaterThanOrEqual(995)
  expect(third! - second!).toBeGreaterThanOrEqual(1_195)
})

test('no retry starts that could not end before the deadline', { tags: ['RT-1'] }, async () => {
  await using proxy = await startProxy(executor, () => busy(503, '5'))
  const clocks = { requestTimeoutMs: 4_900, executionTimeoutMs: 4_900, queueTimeoutMs: 4_900, connectTimeoutMs: 4_900 }
  await using client = connect(proxy, clocks)
  await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'OVERLOADED', attempts: 1 })
})

test('an abort ends the backoff at once', { tags: ['RT-1'] }, async () => {
  const proxyAnswered = Promise.withResolvers<void>()
  await using proxy = await startProxy(executor, () => {
    proxyAnswered.resolve()
    return busy(503, '60')
  })
  await using client = connect(proxy, { retry: { backoffBaseMs: 60_000, backoffMaxMs: 60_000 } })
  const controller = new AbortController()
  const options = { signal: controller.signal, executionTimeoutMs: 200_000 }
  const failed = client.executeAsync('return 1', options).catch((error: unknown) => error)
  await proxyAnswered.promise
  // The abort may come before or after the answer is read; the error is the same, and immediate, either way.
  controller.abort()
  expect(await failed).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
})

test('retry: false makes one attempt', { tags: ['RT-1'] }, async () => {
  await using proxy = await startProxy(executor, () => busy(503))
  await using client = connect(proxy, { retry: false })
  await expect(client.executeAsync('return 1')).rejects.toMatchObject({ attempts: 1, message: 'busy' })
  expect(proxy.exchanges).toHaveLength(1)
})

test('a failure of the code is never retried', { tags: ['RT-1'] }, async () => {
  await using proxy = await startProxy(executor)
  await using client = connect(proxy)
  for (const code of ['throw new Error("x")', 'return (', 'await new Promise(() => {})']) {
    await expect(client.executeAsync(code)).rejects.toMatchObject({ name: 'ExecutionError', attempts: 1 })
  }
  await expect(client.executeAsync('return 1', { memoryLimitMb: 4_000 })).rejects.toMatchObject({ httpStatus: 400 })
  expect(attemptsOf(proxy)).toHaveLength(4)
})

test(
  'an executor that never answers about a request makes the outcome of it ambiguous',
  { tags: ['RT-2'] },
  async () => {
    await using proxy = await startProxy(executor, ({ path }) => (path === '/v1/info' ? 'pass' : 'lose the answer'))
    await using client = connect(proxy, { retry: { backoffBaseMs: 1 } })
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({
      name: 'ExecutorConnectionError',
      code: 'OUTCOME_AMBIGUOUS',
      ambiguous: true,
      retryable: false,
      cause: expect.objectContaining({ code: 'CONNECTION_FAILED' }),
    })
  },
)

test(
  'the record of an execution gives its outcome when all answers to its requests are lost',
  { tags: ['RT-2'] },
  async () => {
    await using proxy = await startProxy(executor, ({ method }) => (method === 'POST' ? 'lose the answer' : 'pass'))
    await using client = connect(proxy, { retry: { backoffBaseMs: 1 } })
    expect(await client.executeAsync('return 1')).toBe(1)
  },
)

test(
  'a request for the reading of the clock alone runs nothing, and its failures are not ambiguous',
  { tags: ['RT-2'] },
  async () => {
    const faults: Fault[] = ['lose the answer', 'reset when sent', { status: 502 }]
    const ofReading = ({ path }: { path: string }): Fault =>
      path === '/v1/info' ? (faults.shift() ?? 'pass') : 'reset'
    await using proxy = await startProxy(executor, ofReading)
    await using client = connect(proxy, { retry: { maxAttempts: 3, backoffBaseMs: 1 } })
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'CONNECTION_FAILED', ambiguous: false })
    // The client asks for a new reading, and then the request that may have run breaks.
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
  },
)

test('every answer of an executor has its instance and the reading of its clock', { tags: ['RT-2'] }, async () => {
  const paths = ['/livez', '/nowhere', '/v1/info', '/v1/executions/exe_1']
  const answers = [
    ...(await Promise.all(paths.map((path) => api(executor, path)))),
    await api(executor, '/v1/info', { key: 'a-key-that-nobody-knows' }),
    await api(executor, '/v1/executions', { body: { code: 'return 1' } }),
    await api(executor, '/v1/executions', { body: { code: 'return 1' }, headers: { accept: 'text/event-stream' } }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 404, 401, 200, 200])
  const readings = answers.map(({ headers }) => [headers.get('x-codemode-instance'), headers.get('x-codemode-clock')])
  expect(new Set(readings.map(([instance]) => instance)).size).toBe(1)
  for (const [instance, clock] of readings) {
    expect(instance).toMatch(/^[0-9a-f]{32}$/)
    expect(clock).toMatch(/^\d+$/)
  }
})

test('a rejected key is reported after one request, and not as a connection failure', { tags: ['RT-4'] }, async () => {
  await using proxy = await startProxy(executor)
  await using client = connect(proxy, { executorApiKey: 'a-key-that-nobody-knows' })
  const error: unknown = await client.executeAsync('return 1').catch((thrown: unknown) => thrown)
  expect(error).not.toBeInstanceOf(ExecutorConnectionError)
  expect(error).toMatchObject({
    name: 'ExecutorClientError',
    code: 'UNAUTHORIZED',
    httpStatus: 401,
    retryable: false,
    ambiguous: false,
    attempts: 1,
    message: expect.stringContaining('rejected the API key'),
    suggestion: expect.stringContaining('Check executorApiKey'),
  })
  expect(`${JSON.stringify(error)}${String(error)}`).not.toContain('a-key-that-nobody-knows')
  expect(proxy.exchanges).toHaveLength(1)
  const [result] = await client.executeAll(['return 1'])
  expect(result).toMatchObject({ success: false, error: { code: 'UNAUTHORIZED' } })
  expect(proxy.exchanges).toHaveLength(2)
})
