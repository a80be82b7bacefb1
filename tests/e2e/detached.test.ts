import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ClientConfig } from '@codemode/client'
import { connect } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const detached = true

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const seen: Item[] = []
  for await (const item of items) seen.push(item)
  return seen
}

const timeoutOf = (option: string) => ({ error: { code: 'EXECUTION_TIMEOUT', details: { option } } })
const errorOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(undefined, (error: unknown) => error)

describe.each(testStores)('over the $store store', ({ open }) => {
  let store: TestStore
  let executor: DurableExecutor
  let other: DurableExecutor

  beforeAll(async () => {
    store = await open()
    executor = await startDurableExecutor(store)
    other = await startDurableExecutor(store)
  })
  afterAll(async () => {
    await Promise.all([executor, other].map((node) => node.close({ drainMs: 0 })))
    await store[Symbol.asyncDispose]()
  })

  const clientOf = (config: Partial<ClientConfig> = {}) => connect(executor, config)

  test('an execution outlives its client, and any client follows it to its end', { tags: ['JB-1'] }, async () => {
    const submitter = clientOf()
    const submitted = await submitter.submit('console.log("hi")\nawait sleep(400)\nreturn input + 1', {
      detached,
      input: 41,
      label: 'report',
    })
    expect(['queued', 'running', 'waiting']).toContain(submitted.status)
    await submitter.close()
    await using client = connect(other)
    const execution = await client.getExecution<number>(submitted.id)
    expect(execution).toMatchObject({ id: submitted.id, correlationId: submitted.correlationId, label: 'report' })
    expect(execution.times.createdAt).toMatch(/^\d{4}-/)
    expect(await execution.wait()).toMatchObject({ success: true, result: 42, source: 'executor' })
    expect(execution).toMatchObject({ status: 'completed', progress: { logs: 1, toolCalls: 0 } })
    expect(execution.times.finishedAt).toMatch(/^\d{4}-/)
  })

  test('all who wait for an execution get its result, also after its end', { tags: ['JB-1'] }, async () => {
    await using client = clientOf()
    const execution = await client.submit('await sleep(300); return 7', { detached })
    const results = await Promise.all([execution.wait(), execution.wait({ timeoutMs: 30_000 }), execution.wait()])
    for (const result of [...results, await execution.wait()])
      expect(result).toMatchObject({ success: true, result: 7 })
    const ended = await client.getExecution(execution.id)
    expect(ended).toMatchObject({ status: 'completed', result: { success: true, result: 7 } })
    expect(await ended.wait()).toMatchObject({ success: true, result: 7, executionId: execution.id })
  })

  test('giving up a wait cancels nothing, and a later wait gets the result', { tags: ['JB-1'] }, async () => {
    await using client = clientOf()
    const execution = await client.submit('await sleep(500); return 1', { detached })
    await expect(execution.wait({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', layer: 'wait' })
    expect(await execution.wait()).toMatchObject({ success: true, result: 1 })
  })

  test(
    'closing the client ends waits and events with a clear error, and cancels nothing',
    { tags: ['JB-1'] },
    async () => {
      const client = clientOf()
      const execution = await client.submit('await sleep(1_000); return 1', { detached })
      const errors = [errorOf(all(execution.events())), errorOf(execution.wait())]
      await client.close({ drain: true })
      for (const error of errors)
        expect(await error).toMatchObject({ code: 'CLIENT_CLOSED', executionId: execution.id })
      await expect(execution.wait()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
      await expect(client.getExecution(execution.id)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
      await using another = connect(other)
      const same = await another.getExecution(execution.id)
      expect(await same.wait()).toMatchObject({ success: true, result: 1 })
    },
  )

  test('a failure of the code is in the record, and is the result of every wait', { tags: ['JB-2'] }, async () => {
    await using client = clientOf()
    const execution = await client.submit('console.log("before")\nthrow new TypeError("no")', { detached })
    // Nobody waits: the failure must not become an unhandled rejection.
    await expect.poll(async () => (await execution.record()).status).toBe('failed')
    const failed = { success: false, error: { code: 'GUEST_ERROR', name: 'TypeError', message: 'no' } }
    expect(await execution.record()).toMatchObject({ ...failed, logs: [{ text: 'before' }] })
    expect(await execution.wait()).toMatchObject(failed)
    expect(execution.status).toBe('failed')
  })

  test('an execution that exceeds its active time or its life fails, and says which', { tags: ['JB-2'] }, async () => {
    await using client = clientOf()
    const [slow, expired] = await Promise.all([
      client.submit('await new Promise(() => setInterval(() => {}, 50))', { detached, executionTimeoutMs: 200 }),
      client.submit('await sleep(3_600_000)', { detached, expiresAfterMs: 1_000 }),
    ])
    expect(await slow.wait()).toMatchObject(timeoutOf('executionTimeoutMs'))
    expect(await expired.wait()).toMatchObject(timeoutOf('expiresAfterMs'))
  })

  test('cancel ends an execution that waits, with its reason', { tags: ['JB-4'] }, async () => {
    await using client = clientOf()
    const execution = await client.submit('await sleep(3_600_000)', { detached })
    await expect.poll(async () => (await execution.record()).status).toBe('waiting')
    await using canceller = connect(other)
    await (await canceller.getExecution(execution.id)).cancel('changed my mind')
    const result = await execution.wait()
    expect(result).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    expect('error' in result ? result.error.message : '').toContain('changed my mind')
    expect(execution.status).toBe('cancelled')
  })

  test('retry runs the same code with the same values again, in any process', { tags: ['JB-4'] }, async () => {
    await using client = clientOf()
    const first = await client.submit('return [input, Math.random()]', { detached, input: 'a', label: 'again' })
    const result = await first.wait()
    await using another = connect(other)
    const second = await (await another.getExecution(first.id)).retry()
    expect(second.id).not.toBe(first.id)
    expect(second.label).toBe('again')
    const repeated = await second.wait()
    expect(repeated).toMatchObject({ success: true, result: ['a', expect.any(Number)] })
    expect(repeated).not.toMatchObject({ result: (result as { result: unknown }).result })
  })

  test('a key of the application stands for one execution, on every node', { tags: ['JB-1'] }, async () => {
    await using one = clientOf()
    await using two = connect(other)
    const options = { detached, idempotencyKey: `order ${Math.random()}` }
    const { idempotencyKey } = options
    await expect(two.getExecution({ idempotencyKey })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const [first, second] = await Promise.all([one, two].map((client) => client.submit('return 4711', options)))
    expect(first!.id).toBe(second!.id)
    await first!.wait()
    expect((await two.getExecution({ idempotencyKey })).result).toMatchObject({ result: 4711 })
    expect(await errorOf(two.submit('return 4712', options))).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  })

  test('events are the same on every node, and resume after any of them', { tags: ['JB-5'] }, async () => {
    await using client = clientOf()
    const execution = await client.submit('console.log(1)\nawait sleep(300)\nconsole.log(2)', { detached })
    const live = all(execution.events())
    await using reader = connect(other)
    const events = await all((await reader.getExecution(execution.id)).events())
    expect(await live).toEqual(events)
    expect(events.at(0)?.type).toBe('started')
    expect(events.at(-1)?.type).toBe('finished')
    for (const [n, { id }] of events.slice(0, -1).entries()) {
      expect(await all(execution.events({ after: id }))).toEqual(events.slice(n + 1))
    }
    expect(execution).toMatchObject({ status: 'completed', progress: { logs: 2 } })
  })

  test(
    'submitting again with the same id attaches, and with other code is a conflict',
    { tags: ['JB-1'] },
    async () => {
      await using client = clientOf()
      await using another = connect(other)
      const first = await client.submit('return 1', { detached })
      const again = await another.submit('return 1', { detached, id: first.id })
      expect(again).toMatchObject({ id: first.id, correlationId: first.correlationId })
      expect(await again.wait()).toMatchObject({ result: 1 })
      const conflict = another.submit('return 2', { detached, id: first.id })
      await expect(conflict).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    },
  )
})
