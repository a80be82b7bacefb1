import { newExecutionId, type ExecutionStatus } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { ListedExecution, ListOptions } from '../store/execution-list.ts'
import { MemoryStore } from '../store/memory-store.test-support.ts'
import { ExecutionsList, type AttachedInMemory } from './executions-list.ts'
import { headerOf } from './state/journal.test-support.ts'

const start = Date.UTC(2030, 0)

/** Returns an attached execution that was created in the given minute. */
function attachedAt(minute: number, status: ExecutionStatus = 'completed', more: object = {}): ListedExecution {
  const facts = { id: newExecutionId(), owner: 'ann', correlationId: 'cor_1' }
  const error = status === 'failed' && {
    error: { code: 'GUEST_ERROR', name: 'Error', message: 'odd', retryable: false } as const,
  }
  return { facts, isAttached: true, status, createdAt: start + minute * 60_000, ...error, ...more }
}

/** Returns executions as they are in the memory of a node. */
function inMemory(
  executions: readonly ListedExecution[],
  recording: AttachedInMemory['recording'] = 'possible',
): AttachedInMemory[] {
  return executions.map((listed) => {
    const { facts, createdAt, session } = listed
    return { id: facts.id, createdAt, isStep: session !== undefined, recording, listed }
  })
}

/** Records executions as they are in the memory of a node. */
function record(store: MemoryStore, executions: readonly ListedExecution[]): Promise<void> {
  return store.record(
    executions.map(({ facts, status, createdAt, error }) => ({
      facts: { tenant: 'acme', keyId: 'key', bodyHash: 'hash', isolation: 'tenant', reuseIsolates: true, ...facts },
      journal: { header: headerOf({ createdAt: new Date(createdAt).toISOString() }), entries: [] },
      end: { status, finishedAt: createdAt + 1, ...(error !== undefined && { error }) },
    })),
  )
}

async function pagesOf(list: ExecutionsList, options: ListOptions): Promise<string[][]> {
  const pages: string[][] = []
  let cursor: string | null | undefined
  do {
    const page = await list.list('acme', { ...options, ...(cursor != null && { cursor }) })
    pages.push(page.items.map(({ facts }) => facts.id))
    cursor = page.nextCursor
  } while (cursor !== null)
  return pages
}

test.each([1, 2, 3, 4, 7, 100])(
  'pages of %i have each execution once, newest first, whether the node, the store or both have it',
  async (limit) => {
    const executions = Array.from({ length: 12 }, (_, minute) => attachedAt(Math.floor(minute / 2)))
    const store = new MemoryStore()
    await record(
      store,
      executions.filter((_, n) => n % 3 !== 0),
    )
    const attached = inMemory(executions.filter((_, n) => n % 3 !== 1))
    const list = new ExecutionsList({ attached: () => attached, store })
    const pages = await pagesOf(list, { limit })
    const expected = executions.toSorted((a, b) => b.createdAt - a.createdAt || (b.facts.id < a.facts.id ? -1 : 1))
    expect(pages.flat()).toEqual(expected.map(({ facts }) => facts.id))
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit)
  },
)

test('without a store, the node lists what it has, with the same filters', async () => {
  const session = { id: 'ses_1', step: 2 }
  const executions = [
    attachedAt(0),
    attachedAt(1, 'failed'),
    attachedAt(2, 'running', { session }),
    attachedAt(3, 'queued'),
  ]
  const list = new ExecutionsList({ attached: () => inMemory(executions), store: undefined })
  const minutes = async (options: Partial<ListOptions>) =>
    (await list.list('acme', { limit: 10, ...options })).items.map(({ createdAt }) => (createdAt - start) / 60_000)
  expect(await minutes({})).toEqual([3, 2, 1, 0])
  expect(await minutes({ statuses: ['queued', 'running'] })).toEqual([3, 2])
  expect(await minutes({ session: 'ses_1' })).toEqual([2])
  expect(await minutes({ since: start + 60_000, until: start + 120_000 })).toEqual([1])
  expect(await minutes({ owner: 'bob' })).toEqual([])
  expect(await minutes({ isAttached: false })).toEqual([])
  await expect(list.list('acme', { limit: 1, cursor: 'made-up' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
})

test('a count has each execution once, in the interval of its creation', async () => {
  const executions = [attachedAt(0), attachedAt(0, 'failed'), attachedAt(1, 'cancelled'), attachedAt(3, 'failed')]
  const running = attachedAt(3, 'running')
  const store = new MemoryStore()
  await record(store, executions)
  const list = new ExecutionsList({ attached: () => inMemory([executions[1]!, executions[2]!, running]), store })
  const counts = await list.count('acme', { since: start, until: start + 240_000, buckets: 4 })
  const at = (minute: number) => new Date(start + minute * 60_000).toISOString()
  const none = { completed: 0, failed: 0, cancelled: 0, inFlight: 0 }
  expect(counts).toEqual({
    buckets: [
      { ...none, at: at(0), completed: 1, failed: 1 },
      { ...none, at: at(1), cancelled: 1 },
      { ...none, at: at(2) },
      { ...none, at: at(3), failed: 1, inFlight: 1 },
    ],
    errors: [{ code: 'GUEST_ERROR', count: 2 }],
  })
  const later = await list.count('acme', { since: start + 60_000, until: start + 120_000, buckets: 1 })
  expect(later.buckets).toEqual([{ ...none, at: at(1), cancelled: 1 }])
})

test('what is recorded is left to the store, but for the steps of attached sessions', async () => {
  const session = { id: 'ses_1', step: 1 }
  const [recorded, step, dropped] = [attachedAt(0), attachedAt(1, 'completed', { session }), attachedAt(2)]
  const store = new MemoryStore()
  await record(store, [recorded, step])
  const asked: (readonly string[])[] = []
  const list = new ExecutionsList({
    attached: () => [...inMemory([recorded, step], 'done'), ...inMemory([dropped], 'never')],
    store: {
      list: (tenant, options) => store.list(tenant, options),
      count(tenant, options, bounds) {
        asked.push(bounds.except)
        return store.count(tenant, options, bounds)
      },
    },
  })
  const query = { since: start, until: start + 240_000, buckets: 1 }
  const counted = async (more = {}) => (await list.count('acme', { ...query, ...more })).buckets[0]?.completed
  expect([await counted(), await counted({ session: 'ses_1' })]).toEqual([3, 1])
  expect(asked).toEqual([[], []])
  const { items } = await list.list('acme', { limit: 10 })
  expect(items.map(({ facts }) => facts.id)).toEqual([dropped, step, recorded].map(({ facts }) => facts.id))
  expect(items.map((item) => item.session)).toEqual([undefined, session, undefined])
})

test('a count of too many says since when it is whole', async () => {
  const countedSince = start + 60_000
  const list = new ExecutionsList({
    attached: () => inMemory([attachedAt(0), attachedAt(1)]),
    store: {
      list: async () => ({ items: [], nextCursor: null }),
      count: async (_tenant, _options, { max }) => ({
        groups: [{ bucket: 1, outcome: 'completed', errorCode: null, count: max }],
        countedSince,
      }),
    },
  })
  const counts = await list.count('acme', { since: start, until: start + 120_000, buckets: 2 })
  expect(counts).toMatchObject({
    buckets: [{ completed: 0 }, { completed: 50_001 }],
    countedSince: new Date(countedSince).toISOString(),
  })
})
