import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Codemode, type ExecutionSummary } from '@codemode/client'
import { newExecutionId } from '@codemode/shared'
import { api, keyOf, type KeysFile, writeKeysFile } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const detached = true

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const seen: Item[] = []
  for await (const item of items) seen.push(item)
  return seen
}

const idsOf = (items: readonly ExecutionSummary[]): string[] => items.map(({ executionId }) => executionId)

describe.each(testStores)('over the $store store', ({ open }) => {
  let store: TestStore
  let keys: KeysFile
  let executor: DurableExecutor
  let acme: Codemode
  /** Ids of the executions of the tenant, oldest first. */
  const ids: string[] = []

  const clientOf = (tenant: string) =>
    Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: keyOf(tenant) })

  /** Returns the answer of a route to another tenant, without the ids. */
  const answerTo = async (id: string, path: string, init: object): Promise<unknown> => {
    const { status, body } = await api(executor, `/v1/executions/${id}${path}`, { key: keyOf('rival'), ...init })
    const { correlationId: _, ...error } = body.error
    return JSON.parse(JSON.stringify({ path, status, error }).replaceAll(id, '<id>'))
  }

  beforeAll(async () => {
    store = await open()
    keys = await writeKeysFile({ acme: {}, rival: {}, newcomer: {} })
    executor = await startDurableExecutor(store, keys.config)
    acme = clientOf('acme')
    for (const n of [0, 1, 2, 3, 4, 5, 6]) {
      const code = n % 2 === 0 ? 'return 1' : 'throw new Error("odd")'
      const execution = await acme.submit(code, { detached, label: n < 5 ? 'early' : 'late' })
      await execution.wait()
      ids.push(execution.id)
    }
  })
  afterAll(async () => {
    await acme.close()
    await executor.close({ drainMs: 0 })
    await Promise.all([store, keys].map((each) => each[Symbol.asyncDispose]()))
  })

  test('a list has all executions, newest first, whatever the size of its pages', { tags: ['JB-4'] }, async () => {
    const newestFirst = ids.toReversed()
    expect(idsOf(await all(acme.listExecutions()))).toEqual(newestFirst)
    for (const pageSize of [1, 2, 3, 7, 200]) {
      expect(idsOf(await all(acme.listExecutions({ pageSize })))).toEqual(newestFirst)
    }
    expect(idsOf(await all(acme.listExecutions({ pageSize: 2, limit: 3 })))).toEqual(newestFirst.slice(0, 3))
  })

  test('a list has status, label, times and error of each execution', { tags: ['JB-2', 'JB-4'] }, async () => {
    const [latest, failed] = await all(acme.listExecutions({ limit: 2 }))
    expect(latest).toMatchObject({ executionId: ids[6], status: 'completed', label: 'late' })
    expect(latest).not.toHaveProperty('error')
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'GUEST_ERROR', message: 'odd' } })
    for (const time of [failed!.createdAt, failed!.startedAt, failed!.finishedAt]) expect(time).toMatch(/^\d{4}-/)
  })

  test('filters select by status, error code, label and time', { tags: ['JB-4'] }, async () => {
    const select = async (options: Parameters<typeof acme.listExecutions>[0]) =>
      idsOf(await all(acme.listExecutions(options))).map((id) => ids.indexOf(id))
    expect(await select({ status: 'failed' })).toEqual([5, 3, 1])
    expect(await select({ status: 'failed', label: 'early', pageSize: 1 })).toEqual([3, 1])
    expect(await select({ errorCode: 'GUEST_ERROR' })).toEqual([5, 3, 1])
    expect(await select({ errorCode: 'GUEST_ERROR', label: 'late', status: 'failed' })).toEqual([5])
    expect(await select({ errorCode: 'CPU_TIMEOUT' })).toEqual([])
    expect(await select({ label: 'unused' })).toEqual([])
    const { createdAt } = (await all(acme.listExecutions({ label: 'late' }))).at(-1)!
    expect(await select({ since: createdAt })).toContain(5)
    expect(await select({ since: new Date(Date.parse(createdAt)) })).not.toContain(0)
    expect(await select({ since: new Date(Date.now() + 60_000) })).toEqual([])
  })

  test(
    'a page is read when it is needed, and an execution that is stored meanwhile shifts none',
    { tags: ['JB-4'] },
    async () => {
      await using newcomer = clientOf('newcomer')
      const own: string[] = []
      for (const n of [1, 2, 3]) own.unshift((await newcomer.submit(`return ${n}`, { detached })).id)
      const seen: string[] = []
      for await (const { executionId } of newcomer.listExecutions({ pageSize: 1 })) {
        seen.push(executionId)
        await newcomer.submit('return "later"', { detached })
      }
      expect(seen).toEqual(own)
    },
  )

  test("another tenant's execution answers as an unknown one, on every route", { tags: ['JB-3'] }, async () => {
    const [theirs, unknown] = [ids[0]!, newExecutionId()]
    const routes: [string, object][] = [
      ['', {}],
      ['/events', {}],
      ['/journal', {}],
      ['/cancel', { body: {} }],
      ['/retry', { body: {} }],
      ['/wake', { method: 'POST' }],
      ['/tool-results', { body: { results: [{ callId: `${theirs}:1`, answer: { ok: true, output: 1 } }] } }],
    ]
    for (const [path, init] of routes) {
      const answer = await answerTo(theirs, path, init)
      expect(answer).toMatchObject({ path, status: 404, error: { code: 'NOT_FOUND' } })
      expect(answer).toEqual(await answerTo(unknown, path, init))
    }
    await using rival = clientOf('rival')
    await expect(rival.getExecution(theirs)).rejects.toMatchObject({ code: 'NOT_FOUND', httpStatus: 404 })
    expect(await all(rival.listExecutions())).toEqual([])
  })
})
