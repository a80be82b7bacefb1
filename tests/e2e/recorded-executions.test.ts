import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Codemode, ExecutionSummary } from '@codemode/client'
import { api, connect } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { openPostgresStore, type TestStore } from '../support/test-stores.ts'

async function all(items: AsyncIterable<ExecutionSummary>): Promise<ExecutionSummary[]> {
  const seen: ExecutionSummary[] = []
  for await (const item of items) seen.push(item)
  return seen
}

let store: TestStore
let first: DurableExecutor
let second: DurableExecutor
let client: Codemode

beforeAll(async () => {
  store = await openPostgresStore()
  first = await startDurableExecutor(store)
  second = await startDurableExecutor(store, { recordAttached: false })
  client = connect(first, { tools: { double: ({ n }: { n: number }) => n * 2 } })
})
afterAll(async () => {
  await client.close()
  await Promise.all([first.close({ drainMs: 0 }), second.close({ drainMs: 0 })])
  await store[Symbol.asyncDispose]()
})

/** Returns the answer of a route as it is on a node, without the headers. */
const read = async (node: DurableExecutor, path: string) => {
  const { status, body } = await api(node, `/v1/executions/${path}`)
  return { status, body: body as unknown }
}

/** Resolves when a node other than the one that ran it has the execution. */
const untilRecorded = (id: string) => expect.poll(async () => (await read(second, id)).status).toBe(200)

test(
  'an attached execution that has ended is found on every node, with the same record, journal and events',
  { tags: ['JB-4'] },
  async () => {
    const { executionId: id } = await client.run('console.log("\\0"); return tools.double({ n: 21 })', {
      label: 'answer',
    })
    await untilRecorded(id)
    const record = await read(first, id)
    expect(record).toMatchObject({ body: { status: 'completed', label: 'answer', result: 42 } })
    expect(await read(second, id)).toEqual(record)
    expect(await read(second, `${id}/journal`)).toEqual(await read(first, `${id}/journal`))
    const eventsOn = async (node: DurableExecutor) => {
      await using reader = connect(node)
      const events: unknown[] = []
      for await (const event of (await reader.getExecution(id)).events()) events.push(event)
      return events
    }
    expect(await eventsOn(second)).toEqual(await eventsOn(first))
  },
)

test('lists show attached executions, and can leave them out', { tags: ['JB-4'] }, async () => {
  const failed = await client.run('throw new Error("odd")', { label: 'mixed' })
  const detached = await client.submit('return 1', { detached: true, availableTools: [], label: 'mixed' })
  await detached.wait()
  await untilRecorded(failed.executionId)
  const listed = async (options: object) =>
    (await all(client.listExecutions({ label: 'mixed', ...options }))).map(({ executionId }) => executionId)
  expect(await listed({})).toEqual([detached.id, failed.executionId])
  expect(await listed({ detached: true })).toEqual([detached.id])
  expect(await listed({ detached: false })).toEqual([failed.executionId])
  const [summary] = await all(client.listExecutions({ label: 'mixed', status: 'failed' }))
  expect(summary).toMatchObject({ detached: false, error: { code: 'GUEST_ERROR', message: 'odd' } })
  for (const time of [summary!.createdAt, summary!.startedAt, summary!.finishedAt]) expect(time).toMatch(/^\d{4}-/)
})

test('an attached execution that was recorded can be retried as a detached one', { tags: ['JB-4'] }, async () => {
  const { executionId: id } = await client.run('return input', { input: 7, availableTools: [] })
  await untilRecorded(id)
  await using other = connect(second)
  const again = await (await other.getExecution(id)).retry()
  expect(await again.wait()).toMatchObject({ success: true, result: 7 })
  const summaries = await all(client.listExecutions({ detached: true }))
  expect(summaries.map(({ executionId }) => executionId)).toContain(again.id)
})

test('a node can be told to record nothing, and shutting down records what has ended', async () => {
  await using silent = connect(second)
  const unrecorded = await silent.run('return 1', { label: 'shutdown' })
  const last = await startDurableExecutor(store)
  const lastClient = connect(last)
  const { executionId } = await lastClient.run('return 1', { label: 'shutdown' })
  await Promise.all([lastClient.close(), last.close()])
  const listed = await all(client.listExecutions({ label: 'shutdown' }))
  expect(listed.map(({ executionId: id }) => id)).toEqual([executionId])
  expect((await read(first, unrecorded.executionId)).status).toBe(404)
})
