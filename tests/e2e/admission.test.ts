import { randomUUID } from 'node:crypto'

import { afterEach, describe, expect, test } from 'vitest'

import type { ExecutorConfigInput, RunningExecutor } from '@codemode/executor'

import { api, connect, keyOf, startExecutor, toolLatch, transports, writeKeysFile } from '@codemode/testkit'

const keys = { acme: keyOf('acme'), other: keyOf('other') }

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** Starts an executor with a key for each of two tenants. */
async function startForTenants(
  config: ExecutorConfigInput = {},
  more: Partial<Record<keyof typeof keys, object>> = {},
): Promise<RunningExecutor> {
  const file = await writeKeysFile({ acme: {}, other: {}, ...more })
  cleanups.push(async () => file[Symbol.asyncDispose]())
  const executor = await startExecutor({ ...file.config, sandboxProcesses: 1, ...config })
  cleanups.push(() => executor.close({ drainMs: 0 }))
  return executor
}

const run = (executor: RunningExecutor, key: string, code = 'return 1') =>
  api(executor, '/v1/executions', { key, body: { code } })

/** Code that takes so long that no two sequential executions start in the same millisecond. */
const work = 'let x = 0; for (let i = 0; i < 3e6; i++) x = (x * 31 + i) % 1000003; return x'

/** Sends an execution that has to wait, and resolves when it is queued. */
async function enqueue(executor: RunningExecutor, key: string, request: object = {}) {
  const id = `exe_${randomUUID()}`
  const answer = api(executor, '/v1/executions', {
    key,
    body: { id, code: 'return "queued"', limits: { queueTimeoutMs: 60_000 }, ...request },
  })
  const record = async () => (await api(executor, `/v1/executions/${id}`, { key })).body
  await expect.poll(async () => (await record()).status, { interval: 2 }).toBe('queued')
  return { answer, record }
}

/** Resolves with the labels of executions, in the order in which they started, when all have ended. */
async function orderOf(queued: readonly Awaited<ReturnType<typeof enqueue>>[]): Promise<string[]> {
  await Promise.all(queued.map(({ answer }) => answer))
  const records = await Promise.all(queued.map(({ record }) => record()))
  return records.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)).map(({ label }) => label)
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test("an execution above its key's queue limit gets a 429 with Retry-After", { tags: ['RT-5'] }, async () => {
    const executor = await startForTenants({ maxRunningPerKey: 1, maxQueuedPerKey: 2 })
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { ...config, executorApiKey: keys.acme, tools: { enter } })
    const running = client.executeAsync('tools.enter("running")')
    await arrived()
    const queued = [await enqueue(executor, keys.acme), await enqueue(executor, keys.acme)]
    const refused = await run(executor, keys.acme)
    expect(refused.body.error).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      ambiguous: false,
      details: { queued: 2, maxQueued: 2 },
    })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await run(executor, keys.other, 'return "unharmed"')).toMatchObject({ body: { result: 'unharmed' } })

    await using impatient = connect(executor, { executorApiKey: keys.acme, retry: false })
    await expect(impatient.executeAsync('return 1')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      httpStatus: 429,
      retryable: true,
      retryAfterMs: expect.any(Number),
      attempts: 1,
    })
    open()
    expect(await running).toBe('running')
    for (const { answer } of queued) {
      const { status, body } = await answer
      expect(status).toBe(200)
      expect(body.result).toBe('queued')
      expect(body.usage.queueMs).toBeGreaterThan(0)
    }
  })

  test(
    'an execution above the global queue limit gets a 503, and a client that retries succeeds',
    { tags: ['RT-5'] },
    async () => {
      const executor = await startForTenants({ maxRunning: 1, maxQueued: 1 })
      const { enter, arrived, open } = toolLatch()
      await using client = connect(executor, { ...config, executorApiKey: keys.acme, tools: { enter } })
      const running = client.executeAsync('tools.enter("running")')
      await arrived()
      const queued = await enqueue(executor, keys.other)
      const refused = await run(executor, keys.acme)
      expect(refused.body.error).toMatchObject({
        code: 'OVERLOADED',
        retryable: true,
        details: { queued: 1, maxQueued: 1 },
      })
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)

      await using patient = connect(executor, { ...config, executorApiKey: keys.acme })
      const retried = patient.executeAsync('return "retried"')
      open()
      expect(await running).toBe('running')
      expect(await queued.answer).toMatchObject({ status: 200, body: { result: 'queued' } })
      expect(await retried).toBe('retried')
    },
  )
})

test('tenants take turns: a long queue of one does not delay another', { tags: ['RT-5'] }, async () => {
  const executor = await startForTenants({ maxRunning: 1 })
  const { enter, arrived, open } = toolLatch()
  await using client = connect(executor, { executorApiKey: keys.acme, tools: { enter } })
  const running = client.executeAsync('tools.enter("running")')
  await arrived()
  const queued: Awaited<ReturnType<typeof enqueue>>[] = []
  for (let i = 0; i < 12; i++) queued.push(await enqueue(executor, keys.acme, { code: work, label: 'acme' }))
  for (let i = 0; i < 3; i++) queued.push(await enqueue(executor, keys.other, { code: work, label: 'other' }))
  open()
  expect(await running).toBe('running')
  const order = await orderOf(queued)
  expect(order).toHaveLength(15)
  expect(order.lastIndexOf('other')).toBeLessThan(6)
})

test(
  "a tenant's higher priority starts first, and equal priorities start in order of arrival",
  { tags: ['RT-5'] },
  async () => {
    const executor = await startForTenants({ maxRunning: 1 })
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { executorApiKey: keys.acme, tools: { enter } })
    const running = client.executeAsync('tools.enter("running")')
    await arrived()
    const queued: Awaited<ReturnType<typeof enqueue>>[] = []
    for (const [label, priority] of [
      ['a', 0],
      ['b', 0],
      ['low', -5],
      ['high', 5],
      ['c', 0],
    ] as const) {
      queued.push(await enqueue(executor, keys.acme, { code: work, label, priority }))
    }
    open()
    expect(await running).toBe('running')
    expect(await orderOf(queued)).toEqual(['high', 'a', 'b', 'c', 'low'])
  },
)

test("a key's own limits override those of all keys", { tags: ['RT-5'] }, async () => {
  const executor = await startForTenants({}, { acme: { maxRunning: 1, maxQueued: 0, limits: { maxToolCalls: 1 } } })
  const { enter, arrived, open } = toolLatch()
  await using client = connect(executor, { executorApiKey: keys.acme, tools: { enter } })
  const running = client.run('await tools.enter(1); await tools.enter(2)')
  await arrived()
  expect(await run(executor, keys.acme)).toMatchObject({ status: 429, body: { error: { details: { maxQueued: 0 } } } })
  expect(await run(executor, keys.other)).toMatchObject({ status: 200 })
  open()
  expect(await running).toMatchObject({ success: false, error: { code: 'TOO_MANY_TOOL_CALLS' } })
})

test('the executor refuses an expired key with a message that says so', { tags: ['RT-4'] }, async () => {
  const executor = await startForTenants({}, { other: { expiresAt: '2020-01-01T00:00:00Z' } })
  const { status, body, headers } = await run(executor, keys.other)
  expect(status).toBe(401)
  expect(headers.get('www-authenticate')).toContain('Bearer')
  expect(body.error).toMatchObject({
    code: 'UNAUTHORIZED',
    retryable: false,
    message: expect.stringContaining('expired'),
  })
})

test("every route answers another tenant's id as an unknown one", { tags: ['RT-5'] }, async () => {
  const executor = await startForTenants()
  const { body } = await run(executor, keys.acme)
  const unknown = `exe_${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}`
  for (const [path, send] of [
    ['', undefined],
    ['/events', undefined],
    ['/journal', undefined],
    ['/cancel', {}],
    ['/tool-results', { results: [{ callId: 'x', answer: { ok: true, output: 1 } }] }],
  ] as const) {
    const [foreign, missing] = await Promise.all(
      [body.executionId, unknown].map((id: string) =>
        api(executor, `/v1/executions/${id}${path}`, {
          key: keys.other,
          headers: { 'x-correlation-id': 'the-same-for-both-of-them' },
          ...(send && { body: send }),
        }).then((answer) => ({ status: answer.status, text: JSON.stringify(answer.body).replaceAll(id, '<id>') })),
      ),
    )
    expect(foreign).toEqual(missing)
    expect(foreign!.status).toBe(404)
  }
})
