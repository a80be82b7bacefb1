// What the console reads and does about executions: lists that have attached ones, counts, replays, and retries with edits.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Codemode } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import { api, connect, startExecutor, toolLatch } from '@codemode/testkit'

import { consoleApi, signIn } from '../support/console-client.ts'
import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

interface Item {
  readonly executionId: string
  readonly status: string
}

/** Returns the items of a list as the console reads them. */
async function listed(executor: { url: string }, query: string): Promise<Item[]> {
  const { status, body } = await consoleApi(executor, `/executions${query}`, { cookie: await signIn(executor) })
  expect(status).toBe(200)
  return body.items
}

const replay = async (executor: { url: string }, id: string) =>
  (await api(executor, `/v1/executions/${id}/replay`, { method: 'POST' })).body

describe('without a store', () => {
  let executor: RunningExecutor
  let client: Codemode
  const latch = toolLatch()

  beforeAll(async () => {
    executor = await startExecutor()
    client = connect(executor, { tools: { enter: latch.enter } })
  })
  afterAll(async () => {
    latch.open()
    await client.close()
    await executor.close({ drainMs: 0 })
  })

  test(
    'attached executions are listed and counted while they run, and after their end',
    { tags: ['OP-3'] },
    async () => {
      const failed = await client.run('throw new Error("odd")', { label: 'first evening' })
      const running = client.run('await tools.enter({}); return 1', { label: 'first evening' })
      await latch.arrived()
      const items = await listed(executor, '?label=first%20evening')
      expect(items).toMatchObject([
        { status: 'waiting', detached: false },
        { executionId: failed.executionId, status: 'failed', error: { code: 'GUEST_ERROR', message: 'odd' } },
      ])
      expect(await listed(executor, '?status=queued,running,waiting')).toMatchObject([
        { executionId: items[0]!.executionId },
      ])
      expect(await listed(executor, '?errorCode=GUEST_ERROR')).toMatchObject([{ executionId: failed.executionId }])
      expect(await listed(executor, '?errorCode=CPU_TIMEOUT')).toEqual([])
      expect(await listed(executor, '?detached=true')).toEqual([])
      const [, cookie] = [await api(executor, '/v1/executions'), await signIn(executor)]
      const { body: counts } = await consoleApi(executor, '/executions/counts?buckets=1&label=first%20evening', {
        cookie,
      })
      expect(counts).toMatchObject({
        buckets: [{ completed: 0, failed: 1, cancelled: 0, inFlight: 1 }],
        errors: [{ code: 'GUEST_ERROR', count: 1 }],
      })
      latch.open()
      await running
      expect(await listed(executor, '?label=first%20evening')).toMatchObject([
        { status: 'completed' },
        { status: 'failed' },
      ])
    },
  )

  test('an execution is replayed, and its journal read from a position', { tags: ['OP-3'] }, async () => {
    const { executionId } = await client.run('console.log(Math.random()); await null; return Date.now()')
    expect(await replay(executor, executionId)).toEqual({ verdict: 'same', turns: 1 })
    const { body: whole } = await api(executor, `/v1/executions/${executionId}/journal`)
    const { body: rest } = await api(executor, `/v1/executions/${executionId}/journal?after=1`)
    expect(rest).toEqual({ header: whole.header, entries: whole.entries.slice(1) })
  })

  test('a step of a session is replayed after the steps before it', { tags: ['OP-3'] }, async () => {
    await using session = await client.session()
    await session.run('let n = 1')
    const step = await session.addStep('n += 1; n')
    await step.wait()
    await session.run('n += 10')
    expect(await replay(executor, step.id)).toEqual({ verdict: 'same', turns: 2 })
    const [item] = (await listed(executor, `?session=${session.id}`)).filter(
      ({ executionId }) => executionId === step.id,
    )
    expect(item).toMatchObject({ session: { id: session.id, step: 2 } })
    await session.reset()
    expect(await replay(executor, step.id)).toMatchObject({ verdict: 'unrunnable' })
  })

  test(
    'the session says that nothing is stored, and for how long executions can be seen',
    { tags: ['OP-3'] },
    async () => {
      const { body } = await consoleApi(executor, '/session', { cookie: await signIn(executor) })
      expect(body).toMatchObject({ hasStore: false, stores: 'nothing', retainMs: 300_000 })
    },
  )

  test('a retry needs a store, and says so', async () => {
    const { executionId } = await client.run('return 1')
    const retried = await api(executor, `/v1/executions/${executionId}/retry`, { body: {} })
    expect(retried).toMatchObject({ status: 501, body: { error: { code: 'STORE_DISABLED' } } })
  })
})

describe.each(testStores)('with the $store store', ({ open }) => {
  let store: TestStore
  let executor: DurableExecutor
  let client: Codemode

  beforeAll(async () => {
    store = await open()
    executor = await startDurableExecutor(store)
    client = connect(executor, { tools: { double: ({ n }: { n: number }) => n * 2 } })
  })
  afterAll(async () => {
    await client.close()
    await executor.close({ drainMs: 0 })
    await store[Symbol.asyncDispose]()
  })

  test('lists and counts have attached and detached executions, each once', { tags: ['OP-3'] }, async () => {
    const label = 'mixed'
    const ids: string[] = []
    for (let n = 0; n < 3; n++) {
      ids.unshift((await client.run('return 1', { label })).executionId)
      const detached = await client.submit('throw new TypeError("odd")', {
        detached: true,
        availableTools: [],
        label,
      })
      await detached.wait()
      ids.unshift(detached.id)
    }
    const list = async (limit: number) => {
      const seen: string[] = []
      let cursor = ''
      do {
        const { body } = await api(executor, `/v1/executions?label=${label}&limit=${limit}${cursor}`)
        seen.push(...body.items.map(({ executionId }: Item) => executionId))
        cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`
      } while (cursor !== '')
      return seen
    }
    // The recorder writes some of the executions meanwhile.
    for (const limit of [1, 2, 4, 50]) expect(await list(limit)).toEqual(ids)
    const failed = ids.filter((_, index) => index % 2 === 0)
    for (const errorCode of ['GUEST_ERROR', 'CPU_TIMEOUT'])
      expect(
        (await listed(executor, `?label=${label}&errorCode=${errorCode}`)).map((item) => item.executionId),
      ).toEqual(errorCode === 'GUEST_ERROR' ? failed : [])
    const { body } = await api(executor, `/v1/executions/counts?label=${label}&buckets=1`)
    expect(body).toMatchObject({
      buckets: [{ completed: 3, failed: 3, cancelled: 0, inFlight: 0 }],
      errors: [{ code: 'GUEST_ERROR', count: 3 }],
    })
  })

  test('the session says that all executions are stored', { tags: ['OP-3'] }, async () => {
    const { body } = await consoleApi(executor, '/session', { cookie: await signIn(executor) })
    expect(body).toMatchObject({ hasStore: true, stores: 'all' })
  })

  test('an ended attached execution is retried with other code and input', { tags: ['OP-3', 'JB-4'] }, async () => {
    const { executionId } = await client.run('return input.n + 1', { input: { n: 1 }, availableTools: [] })
    const retry = async (body: object) => {
      const { status, body: accepted } = await api(executor, `/v1/executions/${executionId}/retry`, { body })
      expect(status).toBe(201)
      return (await client.getExecution(accepted.executionId)).wait()
    }
    expect(await retry({})).toMatchObject({ success: true, result: 2 })
    expect(await retry({ input: { n: 41 } })).toMatchObject({ success: true, result: 42 })
    expect(await retry({ code: 'return input.n * 10' })).toMatchObject({ success: true, result: 10 })
  })

  test('who polls a record gets it again after another entry of the journal', { tags: ['OP-3'] }, async () => {
    const execution = await client.submit('await sleep(600_000)', { detached: true, availableTools: [] })
    const read = async (tag = '') => {
      const response = await consoleApi(executor, `/executions/${execution.id}`, {
        cookie: await signIn(executor),
        headers: { 'if-none-match': tag },
      })
      return { ...response, tag: response.headers.get('etag')! }
    }
    const running = await read()
    await execution.cancel()
    await execution.wait()
    const ended = await read(running.tag)
    expect(ended).toMatchObject({ status: 200, body: { status: 'cancelled' } })
    expect(await read(ended.tag)).toMatchObject({ status: 304, tag: ended.tag, body: '' })
  })

  test('a retry without a callback waits for a client that serves its tools', { tags: ['OP-3', 'JB-4'] }, async () => {
    const { executionId } = await client.run('return tools.double({ n: input })', { input: 4 })
    const { body } = await api(executor, `/v1/executions/${executionId}/retry`, { body: { input: 21 } })
    expect(await client.resume(body.executionId)).toMatchObject({ success: true, result: 42 })
  })

  test('a detached execution and a step of a durable session are replayed', { tags: ['OP-3'] }, async () => {
    const job = await client.submit('console.log("a"); await new Promise((r) => setTimeout(r, 1)); return 1', {
      detached: true,
      availableTools: [],
    })
    await job.wait()
    expect(await replay(executor, job.id)).toEqual({ verdict: 'same', turns: 2 })
    await using session = await client.session({ durable: true })
    await session.run('let n = 1')
    const step = await session.addStep('n + 1')
    await step.wait()
    expect(await replay(executor, step.id)).toEqual({ verdict: 'same', turns: 2 })
    expect((await listed(executor, `?session=${session.id}`)).map((item) => item.executionId)).toContain(step.id)
    await session.close()
    expect(await replay(executor, step.id)).toMatchObject({ verdict: 'unrunnable' })
  })
})
