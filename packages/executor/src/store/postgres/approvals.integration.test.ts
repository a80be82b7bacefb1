import { expect, test } from 'vitest'

import type { Lease } from '../execution-store.ts'
import type { DecisionMade, RequestedApproval } from '../stored-approval.ts'
import type { PostgresStore } from './postgres-store.ts'
import { complete, newExecution, startStore, useServer, worker } from './postgres-store.test-support.ts'

const servers = useServer()
const inputHash = 'a'.repeat(64)
const made = (by: string): DecisionMade => ({ decision: { decision: 'approve', note: by }, by, keyId: by })

/** Runs a test with an execution whose lease this node holds, and which has requested approvals of the given calls. */
async function withApprovals(
  calls: readonly Pick<RequestedApproval, 'call' | 'expiresAt'>[],
  run: (held: {
    readonly lease: Lease
    readonly store: PostgresStore
    readonly url: string
    readonly id: string
  }) => Promise<void>,
): Promise<void> {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const { promise, resolve } = Promise.withResolvers<Lease>()
  const end = Promise.withResolvers<void>()
  store.work(
    worker('a', async (lease) => {
      resolve(lease)
      await end.promise
      await complete(lease)
    }),
  )
  const execution = newExecution()
  await store.create(execution)
  const lease = await promise
  const requestedAt = Date.now()
  const requested = calls.map((call) => ({ tool: 'pay', input: '1', inputHash, requestedAt, ...call }))
  await lease.append([], { requested })
  await run({ lease, store, url, id: execution.facts.id })
  end.resolve()
}

test('of several deciders at once exactly one wins, on whichever node, and the others get its decision', async () => {
  await withApprovals([{ call: 1 }], async ({ lease, store, url, id }) => {
    await using other = await startStore(url)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => {
        const decision = { call: 1, inputHash, made: made(`approver ${n}`) }
        return (n % 2 === 0 ? store : other).decide('acme', id, decision)
      }),
    )
    const winners = outcomes.filter((outcome) => outcome?.type === 'decided')
    expect(winners).toHaveLength(1)
    const { by } = winners[0]!.approval.decided!.made
    expect(outcomes.map((outcome) => outcome?.approval.decided?.made.by)).toEqual(outcomes.map(() => by))
    const messages = await lease.messages()
    expect(messages.map(({ message }) => message)).toEqual([{ kind: 'decision', call: 1, made: made(by) }])
  })
})

test('a decision and an expiry at once have one outcome: a decision that was accepted is never replaced', async () => {
  const calls = Array.from({ length: 20 }, (_, n) => ({ call: n + 1, expiresAt: Date.now() + 3_600_000 }))
  await withApprovals(calls, async ({ lease, store, id }) => {
    const decisions = await Promise.all(
      calls.map(async ({ call }) => {
        const decision = { call, inputHash, made: made('approver') }
        const [decided] = await Promise.all([store.decide('acme', id, decision), lease.append([], { expired: [call] })])
        return decided!.type === 'decided' ? 'approved' : 'expired'
      }),
    )
    const { items } = await store.listApprovals('acme', { executionId: id, limit: 50 })
    expect(items.map(({ status }) => status)).toEqual(decisions)
    const messages = await lease.messages()
    expect(messages).toHaveLength(decisions.filter((status) => status === 'approved').length)
  })
})

test.each(['oldest', 'newest'] as const)(
  'a list with the %s first has each approval once, page by page',
  async (order) => {
    const calls = Array.from({ length: 5 }, (_, n) => ({ call: n + 1 }))
    await withApprovals(calls, async ({ store, id }) => {
      const pages: number[][] = []
      let cursor: string | undefined
      do {
        const page = await store.listApprovals('acme', { executionId: id, order, limit: 2, cursor })
        pages.push(page.items.map(({ call }) => call))
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
      expect(pages).toEqual(order === 'oldest' ? [[1, 2], [3, 4], [5]] : [[5, 4], [3, 2], [1]])
    })
  },
)

test('an approval takes no decision after its time, although nobody has let it expire yet', async () => {
  await withApprovals([{ call: 1, expiresAt: Date.now() - 1 }], async ({ store, id }) => {
    const decision = { call: 1, inputHash, made: made('approver') }
    expect(await store.decide('acme', id, decision)).toMatchObject({ type: 'refused', approval: { status: 'pending' } })
  })
})
