import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { api, connect, startExecutor, startProxy, toolLatch, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'one correlation id is in every request, every tool call, the events, the record and the result',
    { tags: ['CX-2'] },
    async () => {
      await using proxy = await startProxy(executor)
      const seen: string[] = []
      const note = (_: unknown, { correlationId }: { correlationId: string }) => seen.push(correlationId)
      await using client = connect(proxy, { ...config, tools: { note } })
      const correlationId = 'my-request/of-user:42'
      const execution = await client.submit('await tools.note({}); return await tools.note({})', { correlationId })
      const result = await execution.wait()
      expect(result).toMatchObject({ success: true, correlationId })
      expect(execution.correlationId).toBe(correlationId)
      expect(seen).toEqual([correlationId, correlationId])
      for await (const event of execution.events()) {
        if (event.type === 'started') seen.push(event.correlationId)
        if (event.type === 'finished') seen.push(event.result.correlationId)
      }
      expect(seen.slice(2)).toEqual([correlationId, correlationId])
      for (const { headers } of proxy.exchanges) expect(headers['x-correlation-id']).toBe(correlationId)
      expect((await api(executor, `/v1/executions/${execution.id}`)).body.correlationId).toBe(correlationId)
      expect((await api(executor, `/v1/executions/${execution.id}/journal`)).body.header.correlationId).toBe(
        correlationId,
      )
    },
  )

  test(
    'executions get separate correlation ids by default, with the prefix of the client',
    { tags: ['CX-2'] },
    async () => {
      const seen = new Map<string, string>()
      const note = (_: unknown, call: { executionId: string; correlationId: string }) => {
        seen.set(call.executionId, call.correlationId)
      }
      await using client = connect(executor, { ...config, correlationIdPrefix: 'shop', tools: { note } })
      const results = await client.executeAll(Array.from({ length: 20 }, () => 'tools.note({})'))
      const ids = results.map(({ correlationId }) => correlationId)
      expect(new Set(ids).size).toBe(20)
      for (const { executionId, correlationId } of results) {
        expect(correlationId).toMatch(/^shop.{20,}$/)
        expect(seen.get(executionId)).toBe(correlationId)
      }
    },
  )

  test(
    'a retry of the request keeps the id, and retry() of the execution keeps the id it was given',
    { tags: ['CX-2'] },
    async () => {
      let attempts = 0
      await using proxy = await startProxy(executor, ({ path }) =>
        path === '/v1/executions' && (attempts += 1) < 3 ? 'reset' : 'pass',
      )
      await using client = connect(proxy, { ...config, retry: { backoffBaseMs: 1 }, tools: { one: () => 1 } })
      await client.executeAsync('tools.one({})', { correlationId: 'is-kept-over-retries' })
      expect(proxy.exchanges.length).toBeGreaterThanOrEqual(3)
      for (const { headers } of proxy.exchanges) expect(headers['x-correlation-id']).toBe('is-kept-over-retries')
    },
  )

  test('the error of an aborted execution has its ids', { tags: ['CX-2'] }, async () => {
    const { enter, arrived } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const controller = new AbortController()
    const options = { correlationId: 'the-one-that-was-aborted', signal: controller.signal }
    const failed = client.executeAsync('tools.enter({})', options).catch((error: unknown) => error)
    await arrived()
    controller.abort()
    expect(await failed).toMatchObject({
      correlationId: 'the-one-that-was-aborted',
      executionId: expect.stringMatching(/^exe_/),
    })
  })
})

test.each([
  ['the code throws', 'throw new Error("x")', {}],
  ['a clock fires', 'for (;;);', { cpuTimeoutMs: 50 }],
  ['the code is too long', ' '.repeat(300_000), {}],
  ['a limit is above the maximum', 'return 1', { memoryLimitMb: 4_000 }],
])('the error has the correlation id when %s', { tags: ['CX-2'] }, async (_what, code, limits) => {
  await using client = connect(executor)
  const correlationId = 'is-in-every-error'
  await expect(client.executeAsync(code, { ...limits, correlationId })).rejects.toMatchObject({
    correlationId,
    executionId: expect.stringMatching(/^exe_/),
  })
})

test(
  'the error has the correlation id when the executor is unreachable or knows no such key',
  { tags: ['CX-2'] },
  async () => {
    const correlationId = 'is-in-every-error'
    await using proxy = await startProxy(executor, () => 'reset')
    await using unreachable = connect(proxy, { retry: false })
    await expect(unreachable.executeAsync('return 1', { correlationId })).rejects.toMatchObject({ correlationId })
    await using stranger = connect(executor, { executorApiKey: 'a-key-of-nobody-at-all' })
    await expect(stranger.executeAsync('return 1', { correlationId })).rejects.toMatchObject({ correlationId })
  },
)

test.each([
  ['/livez', undefined, 200],
  ['/v1/executions', { code: 'return 1' }, 200],
  ['/v1/executions', { code: 1 }, 400],
  ['/v1/executions/unknown', undefined, 404],
  ['/no/such/route', undefined, 404],
])('every answer of the executor echoes the id: %s', { tags: ['CX-2'] }, async (path, body, status) => {
  const correlationId = 'echoed-by-the-executor'
  const answer = await api(executor, path, {
    headers: { 'x-correlation-id': correlationId },
    ...(body !== undefined && { body }),
  })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('x-correlation-id')).toBe(correlationId)
  const { error = { correlationId } } = answer.body
  expect(error.correlationId).toBe(correlationId)
})

test('the executor generates an id when there is none, or an unsafe one', { tags: ['CX-2'] }, async () => {
  const ids = new Set<string>()
  for (const headers of [{}, {}, { 'x-correlation-id': 'x'.repeat(1_000) }, { 'x-correlation-id': 'a b"c' }]) {
    const answer = await api(executor, '/v1/executions', { body: { code: 'return 1' }, headers })
    const id = answer.headers.get('x-correlation-id')!
    // 80 random bits are 20 hexadecimal digits.
    expect(id).toMatch(/^cor_[0-9a-f]{20,}$/)
    expect(answer.body.correlationId).toBe(id)
    ids.add(id)
  }
  expect(ids.size).toBe(4)
})

test('the client refuses an invalid correlation id with the corrected code', { tags: ['CX-2'] }, async () => {
  await using client = connect(executor)
  await expect(client.executeAsync('return 1', { correlationId: 'a\r\nb' })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('correlationId'),
  })
})
