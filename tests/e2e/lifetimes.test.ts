import { expect, test } from 'vitest'

import { newExecutionId } from '@codemode/shared'

import { api, connect, startExecutor, toolLatch } from '@codemode/testkit'

test(
  'a refused execution leaves no state, and its id can be used again for the repeat of the request',
  { tags: ['RT-2', 'RT-5'] },
  async () => {
    await using executor = await startExecutor({ maxRunning: 1, disconnectGraceMs: 40 })
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { tools: { enter } })
    const running = client.executeAsync('tools.enter(1)')
    await arrived()
    const body = { id: newExecutionId(), code: 'await sleep(400); return "once"', limits: { queueTimeoutMs: 30 } }
    expect(await api(executor, '/v1/executions', { body })).toMatchObject({
      status: 503,
      body: { error: { code: 'QUEUE_TIMEOUT' } },
    })
    open()
    expect(await running).toBe(1)
    // The grace period of the refused execution's reader ends while the repeat runs.
    expect(await api(executor, '/v1/executions', { body })).toMatchObject({ status: 200, body: { result: 'once' } })
    expect((await api(executor, `/v1/executions/${body.id}`)).body).toMatchObject({
      status: 'completed',
      result: 'once',
    })
  },
)

test(
  'a shutdown refuses queued executions, drains running ones, and waits for nothing else',
  { tags: ['EX-10'] },
  async () => {
    const executor = await startExecutor({ maxRunning: 1, disconnectGraceMs: 3_600_000 })
    const { enter, arrived } = toolLatch()
    await using client = connect(executor, { tools: { enter }, retry: false })
    const running = client.run('await tools.enter(1)')
    await arrived()
    const id = newExecutionId()
    const queued = api(executor, '/v1/executions', { body: { id, code: 'return 1' } })
    await expect.poll(async () => (await api(executor, `/v1/executions/${id}`)).body.status).toBe('queued')
    const closed = executor.close({ drainMs: 50 })
    expect(await queued).toMatchObject({ status: 503, body: { error: { code: 'SHUTTING_DOWN' } } })
    expect(await running).toMatchObject({
      error: { code: 'CANCELLED', message: expect.stringContaining('shutting down') },
    })
    await closed
  },
)

test(
  'the executor refuses a repeat after the result was evicted, and does not run the code again',
  { tags: ['RT-2'] },
  async () => {
    await using executor = await startExecutor({ retainCount: 1 })
    const body = { id: newExecutionId(), code: 'return 1' }
    expect(await api(executor, '/v1/executions', { body })).toMatchObject({ status: 200 })
    expect(await api(executor, '/v1/executions', { body: { code: 'return 2' } })).toMatchObject({ status: 200 })
    expect(await api(executor, '/v1/executions', { body })).toMatchObject({
      status: 410,
      body: { error: { code: 'RESULT_GONE', ambiguous: true, message: expect.stringContaining('no longer kept') } },
    })
  },
)

test('a late reader gets all events of an execution with large payloads', { tags: ['EX-5'] }, async () => {
  await using executor = await startExecutor()
  const big = 'x'.repeat(3_000_000)
  await using client = connect(executor, { tools: { big: () => big } })
  const execution = await client.submit(
    'console.log("a"); for (let i = 0; i < 3; i++) await tools.big(); console.log("b")',
  )
  await execution.wait()
  const types: string[] = []
  for await (const event of execution.events()) types.push(event.type)
  expect(types.filter((type) => type === 'log')).toHaveLength(2)
  expect(types.filter((type) => type === 'tool.called')).toHaveLength(3)
  expect(types.at(-1)).toBe('finished')
})

test('the journal keeps the logs of a turn that a clock stopped', { tags: ['RT-3'] }, async () => {
  await using executor = await startExecutor()
  await using client = connect(executor)
  const { executionId, logs } = await client.run('console.log("before"); for (;;);', { cpuTimeoutMs: 100 })
  expect(logs).toMatchObject([{ text: 'before' }])
  const { entries } = (await api(executor, `/v1/executions/${executionId}/journal`)).body
  const end = { type: 'end', error: { code: 'CPU_TIMEOUT' }, logs: [{ text: 'before' }] }
  expect(entries).toMatchObject([{ type: 'claim', epoch: 1 }, end])
})
