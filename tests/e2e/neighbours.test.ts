import { expect, test } from 'vitest'

import { api, connect, keyOf, startExecutor, toolLatch, writeKeysFile } from '@codemode/testkit'

/** JSON that is nested too deeply for `JSON.stringify`. */
const deep = `${'{"0":'.repeat(6_000)}1${'}'.repeat(6_000)}`

test('a tenant whose loops occupy processes leaves room for another', { tags: ['RT-5'] }, async () => {
  await using keys = await writeKeysFile({ busy: {}, other: {} })
  await using executor = await startExecutor(keys.config)
  const clientOf = (tenant: string) => connect(executor, { executorApiKey: keyOf(tenant) })
  await using busy = clientOf('busy')
  await using other = clientOf('other')
  const stop = new AbortController()
  let ended = 0
  const loops = Array.from({ length: 6 }, () =>
    busy.run('for (;;);', { cpuTimeoutMs: 30_000, signal: stop.signal }).finally(() => (ended += 1)),
  )
  const settled = Promise.allSettled(loops)
  const running = async () => {
    const records = await Promise.all(busy.activeExecutions().map((execution) => execution.record().catch(() => {})))
    return records.filter((record) => record?.status === 'running').length
  }
  await expect.poll(running).toBeGreaterThan(0)
  const values = await Promise.all(
    Array.from({ length: 20 }, (_, i) => other.executeAsync<number>(`await sleep(1); return ${i}`)),
  )
  expect(values).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(ended).toBe(0)
  stop.abort()
  expect((await settled).map(({ status }) => status)).toEqual(loops.map(() => 'rejected'))
})

test('a turn that was cancelled before its start does not run', { tags: ['EX-9'] }, async () => {
  await using executor = await startExecutor({ sandboxProcesses: 1, maxSandboxProcesses: 1 })
  await using client = connect(executor)
  const first = client.run('for (;;);', { cpuTimeoutMs: 600 })
  const second = await client.submit('for (;;);', { cpuTimeoutMs: 20_000 })
  await second.cancel()
  expect(await second.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
  expect(await first).toMatchObject({ error: { code: 'CPU_TIMEOUT' } })
  // If the cancelled loop ran, it would occupy the only process for 20 s.
  expect(await client.executeAsync('return 1', { queueTimeoutMs: 15_000 })).toBe(1)
})

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

test(
  'the executor refuses an input of half a million nested arrays, and accepts one of a thousand levels',
  { tags: ['TL-2'] },
  async () => {
    await using executor = await startExecutor()
    const run = (input: string) => api(executor, '/v1/executions', { body: `{"code":"return 1","input":${input}}` })
    expect(await run(nested(500_000))).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'INVALID_REQUEST',
          message: expect.stringMatching(/^input is nested too deeply: the limit is 1000/),
          details: { path: 'input' },
        },
      },
    })
    expect(await run(nested(1_000))).toMatchObject({ status: 200, body: { success: true, result: 1 } })
  },
)

test(
  'the executor refuses an answer or an input that is nested too deeply, and keeps running',
  { tags: ['TL-2'] },
  async () => {
    await using executor = await startExecutor()
    const body = `{"code":"return 1","input":${deep}}`
    expect(await api(executor, '/v1/executions', { body })).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST', message: expect.stringContaining('nested too deeply') } },
    })
    const { enter, arrived } = toolLatch()
    await using client = connect(executor, { tools: { enter } })
    const execution = await client.submit('try { await tools.enter(1) } catch (e) { return e.code }')
    await arrived()
    const results = `{"results":[{"callId":"${execution.id}:1","answer":{"ok":true,"output":${deep}}}]}`
    expect(await api(executor, `/v1/executions/${execution.id}/tool-results`, { body: results })).toMatchObject({
      status: 200,
    })
    expect(await execution.wait()).toMatchObject({ success: true, result: 'TOOL_OUTPUT_INVALID' })
  },
)
