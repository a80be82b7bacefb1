import { RequestError } from '@codemode/shared'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { MemoryStore } from '../../store/memory-store.test-support.ts'
import { principal, resultOf } from '../detached/scripted-nodes.test-support.ts'
import { addStep, createSession, startSessionNode, stepsOf } from './durable-sessions.test-support.ts'

const approvedTool = [{ name: 'echo', requiresApproval: 'always' as const }]

/** Decides about the only pending approval of an execution. */
async function decide(store: MemoryStore, id: string, decision: 'approve' | 'reject'): Promise<void> {
  const { items } = await store.listApprovals('acme', { executionId: id, limit: 1 })
  const { call, inputHash } = items[0]!
  const made = { decision: { decision, inputHash, reason: 'no', end: true }, by: 'owner' }
  await store.decide('acme', id, { call, inputHash, made: made as never })
}

const refuse = async (): Promise<never> => Promise.reject(new RequestError('STORE_UNAVAILABLE', 'It is restarted'))
const later = () => vi.setSystemTime(Date.now() + 5_000)
const approve = (store: MemoryStore, id: string) => decide(store, id, 'approve')

/** Resolves when the stored execution has the given status. */
async function untilStatus(store: MemoryStore, id: string, status: string): Promise<void> {
  await expect.poll(async () => (await store.find('acme', id))?.status).toBe(status)
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the steps of a durable session', () => {
  test('run in the order in which they were added, one at a time, in one guest', async () => {
    const answer = Promise.withResolvers<{ ok: true; output: null }>()
    await using node = startSessionNode(new MemoryStore(), 'one', { call: () => answer.promise })
    const session = await createSession(node)
    const steps = [
      await addStep(node, session, 'call'),
      await addStep(node, session, 'b'),
      await addStep(node, session, 'c'),
    ]
    await expect.poll(async () => JSON.parse(await steps[0]!.record())).toMatchObject({ status: 'waiting' })
    expect(JSON.parse(await steps[1]!.record())).toMatchObject({ status: 'queued', usage: { turns: 0 } })
    answer.resolve({ ok: true, output: null })
    expect(await Promise.all(steps.map(resultOf))).toEqual([['call'], ['call', 'b'], ['call', 'b', 'c']])
    expect(node.counts.placed).toBe(1)
    const { variables } = await (await node.sessions.find('acme', session.facts.id)).record()
    expect(variables.map(({ name }) => name)).toEqual(['call', 'b', 'c'])
  })

  test('one that waits is cancelled at once, and its code has no turn', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    const first = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, first.id, 'paused')
    const second = await addStep(node, session, 'b')
    await second.cancel()
    expect(await resultOf(second)).toBe('CANCELLED')
    expect(JSON.parse(await second.result())).toMatchObject({ session: { step: 2, stateKept: false } })
    const third = await addStep(node, session, 'c')
    await approve(store, first.id)
    expect(await resultOf(third)).toEqual(['call', 'c'])
    // The end of the second step has not woken the first one.
    const { entries } = (await store.read('acme', first.id, 0))!
    expect(entries.filter(({ type }) => type === 'claim')).toHaveLength(2)
    expect(await stepsOf(node, session)).toEqual([
      [1, 'completed', true],
      [2, 'cancelled', false],
      [3, 'completed', true],
    ])
  })

  test('one that is ended by a rejection keeps what it has done, and the next one begins after it', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    await resultOf(await addStep(node, session, 'a'))
    const rejected = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, rejected.id, 'paused')
    await decide(store, rejected.id, 'reject')
    expect(await resultOf(rejected)).toBe('APPROVAL_REJECTED')
    expect(await resultOf(await addStep(node, session, 'c'))).toEqual(['a', 'c'])
    expect((await stepsOf(node, session))[1]).toEqual([2, 'failed', true])
  })

  test('one that waits has its syntax error at once', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    const first = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, first.id, 'paused')
    expect(await resultOf(await addStep(node, session, 'syntax error'))).toBe('SYNTAX_ERROR')
    expect(JSON.parse(await first.record())).toMatchObject({ status: 'paused' })
  })

  test('one that waits ends when its life is over', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    const first = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, first.id, 'paused')
    expect(await resultOf(await addStep(node, session, 'b', { expiresAfterMs: 20 }))).toBe('EXECUTION_TIMEOUT')
    expect(JSON.parse(await first.record())).toMatchObject({ status: 'paused' })
  })

  test('one that was parked goes on after the steps before it, on any node, and the next one waits for it', async () => {
    let next = 'one'
    const store = new MemoryStore({ nextNode: () => next })
    await using one = startSessionNode(store, 'one')
    await using two = startSessionNode(store, 'two')
    const session = await createSession(one)
    expect(await resultOf(await addStep(one, session, 'a'))).toEqual(['a'])
    const parked = await addStep(one, session, 'call', { tools: approvedTool })
    const last = await addStep(one, session, 'c')
    await untilStatus(store, parked.id, 'paused')
    // The guest is in the middle of a step, so it is kept for no other one.
    await expect.poll(() => one.counts.closed).toBe(1)
    next = 'two'
    await approve(store, parked.id)
    expect(await resultOf(parked)).toEqual(['a', 'call'])
    expect(await resultOf(last)).toEqual(['a', 'call', 'c'])
    expect([one.counts.placed, two.counts.placed]).toEqual([1, 1])
  })

  test('a guest of an older state is closed, and the state is rebuilt from the steps', async () => {
    let next = 'one'
    const store = new MemoryStore({ nextNode: () => next })
    await using one = startSessionNode(store, 'one')
    await using two = startSessionNode(store, 'two')
    const session = await createSession(one)
    const run = async (node: string, code: string) => {
      next = node
      return resultOf(await addStep(one, session, code))
    }
    expect(await run('one', 'a')).toEqual(['a'])
    expect(await run('two', 'b')).toEqual(['a', 'b'])
    expect(await run('one', 'c')).toEqual(['a', 'b', 'c'])
    expect(one.counts).toEqual({ placed: 2, closed: 1 })
    expect(two.counts.placed).toBe(1)
    expect(await run('one', 'd')).toEqual(['a', 'b', 'c', 'd'])
    expect(one.counts).toEqual({ placed: 2, closed: 1 })
  })

  test('a guest that is not used for a while is closed, and the next step rebuilds it', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one', { evictAfterMs: 1 })
    const session = await createSession(node)
    await resultOf(await addStep(node, session, 'a'))
    await expect.poll(() => node.counts.closed).toBe(1)
    expect(await resultOf(await addStep(node, session, 'b'))).toEqual(['a', 'b'])
    expect(node.counts.placed).toBe(2)
  })

  test('a guest that the sandbox has evicted is rebuilt', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one', { call: () => new Promise(() => {}) })
    const session = await createSession(node)
    await resultOf(await addStep(node, session, 'a'))
    node.evictAll()
    expect(await resultOf(await addStep(node, session, 'b'))).toEqual(['a', 'b'])
    // The guest of a step that the host has ended is told so before the next step.
    const cancelled = await addStep(node, session, 'call')
    await untilStatus(store, cancelled.id, 'waiting')
    await cancelled.cancel()
    expect(await resultOf(cancelled)).toBe('CANCELLED')
    node.evictAll()
    expect(await resultOf(await addStep(node, session, 'c'))).toEqual(['a', 'b', 'c'])
    expect(node.counts.placed).toBe(3)
  })

  test('one whose node dies runs on another node, from the state before it', async () => {
    let isDead = false
    const store = new MemoryStore({
      around: (_operation, _isDone, node) => (isDead && node === 'one' ? new Promise(() => {}) : undefined),
    })
    const called = Promise.withResolvers<void>()
    const never = (): Promise<never> => (called.resolve(), new Promise(() => {}))
    const one = startSessionNode(store, 'one', { call: never })
    const session = await createSession(one)
    await resultOf(await addStep(one, session, 'a'))
    await addStep(one, session, 'call')
    await called.promise
    isDead = true
    await using two = startSessionNode(store, 'two')
    store.kill('one')
    expect(await resultOf(await addStep(two, session, 'c'))).toEqual(['a', 'call', 'c'])
    expect(two.counts.placed).toBe(1)
  })

  test('one that is stopped within a turn is left out of the state', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one')
    const session = await createSession(node)
    const steps = [
      await addStep(node, session, 'a'),
      await addStep(node, session, 'stop'),
      await addStep(node, session, 'c'),
    ]
    expect(await Promise.all(steps.map(resultOf))).toEqual([['a'], 'CPU_TIMEOUT', ['a', 'c']])
    expect(JSON.parse(await steps[1]!.result())).toMatchObject({ session: { step: 2, stateKept: false } })
    expect((await stepsOf(node, session))[1]).toEqual([2, 'failed', false])
  })

  test('one that waited has no turn if those before it have used what a session may use', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    const first = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, first.id, 'paused')
    const long = { limits: { cpuTimeoutMs: 30_000 } }
    const computing = [await addStep(node, session, 'compute', long), await addStep(node, session, 'compute', long)]
    const last = await addStep(node, session, 'c')
    await approve(store, first.id)
    expect(await resultOf(computing[1]!)).toEqual(['call', 'compute', 'compute'])
    expect(await resultOf(last)).toBe('CANCELLED')
    expect(JSON.parse(await last.result())).toMatchObject({
      error: { message: expect.stringContaining('60000 ms of CPU time, which is the limit') as string },
      usage: { turns: 0 },
    })
    await expect(addStep(node, session, 'd')).rejects.toMatchObject({ code: 'SESSION_FULL' })
  })

  test('one waits for a store that does not answer when its state is to be rebuilt', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one', { evictAfterMs: 1 })
    const session = await createSession(node)
    await resultOf(await addStep(node, session, 'a'))
    await expect.poll(() => node.counts.closed).toBe(1)
    const journals = vi
      .spyOn(store.sessions, 'journalsBefore')
      .mockImplementationOnce(refuse)
      .mockImplementationOnce(refuse)
    expect(await resultOf(await addStep(node, session, 'b'))).toEqual(['a', 'b'])
    expect(journals).toHaveBeenCalledTimes(3)
  })

  test('one is not run again outside of its session', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one')
    const session = await createSession(node)
    const step = await addStep(node, session, 'a')
    await resultOf(step)
    const retry = node.detached.retry(step, { request: {}, principal, correlationId: 'cor_2' })
    await expect(retry).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      suggestion: expect.stringContaining('session') as string,
    })
  })
})

describe('a durable session', () => {
  test('a fork has the state after a step, and neither of the two changes the other', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one')
    const session = await createSession(node)
    for (const code of ['a', 'b']) await resultOf(await addStep(node, session, code))
    const fork = await session.fork({ atStep: 1 })
    expect(await resultOf(await addStep(node, fork, 'x'))).toEqual(['a', 'x'])
    expect(await resultOf(await addStep(node, session, 'c'))).toEqual(['a', 'b', 'c'])
    expect(await stepsOf(node, fork)).toEqual([
      [1, 'completed', true],
      [2, 'completed', true],
    ])
    await expect(session.fork({ atStep: 9 })).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    await expect(session.fork({ id: fork.facts.id })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  })

  test('after a reset, steps start without variables, and those that were accepted before have the old state', async () => {
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const session = await createSession(node)
    await resultOf(await addStep(node, session, 'a'))
    const before = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, before.id, 'paused')
    await expect(session.fork({ atStep: 2 })).rejects.toThrow('has not ended')
    expect(await session.reset()).toMatchObject({ steps: 0, variables: [], stepList: [] })
    await expect(session.fork({ atStep: 1 })).rejects.toThrow('has no step 1')
    const after = await addStep(node, session, 'c')
    await approve(store, before.id)
    expect(await resultOf(before)).toEqual(['a', 'call'])
    expect(await resultOf(after)).toEqual(['c'])
    expect(await stepsOf(node, session)).toEqual([[3, 'completed', true]])
  })

  test('expires without steps, and its steps are cancelled when it is ended', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const store = new MemoryStore()
    await using node = startSessionNode(store, 'one')
    const { session } = await node.sessions.create({ durable: true, idleTimeoutMs: 1_000 }, principal)
    const step = await addStep(node, session, 'call', { tools: approvedTool })
    await untilStatus(store, step.id, 'paused')
    later()
    await approve(store, step.id)
    expect(await resultOf(step)).toEqual(['call'])
    later()
    await expect(node.sessions.find('acme', session.facts.id)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    await expect(addStep(node, session, 'b')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    const other = await createSession(node)
    const waits = await addStep(node, other, 'call', { tools: approvedTool })
    await untilStatus(store, waits.id, 'paused')
    await other.end()
    expect(await resultOf(waits)).toBe('CANCELLED')
    await expect(other.end()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  })

  test('is attached to by its id, also in place of an attached session, and conflicts with other values', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one')
    const session = await createSession(node)
    const { id } = session.facts
    const create = (request: object) => node.sessions.create({ id, ...request }, principal)
    expect(await create({})).toMatchObject({ isNew: false, session: { isDurable: true } })
    expect(await create({ durable: true })).toMatchObject({ isNew: false })
    for (const other of [{ label: 'x' }, { durable: true, label: 'x' }])
      await expect(create(other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await session.end()
    for (const request of [{}, { label: 'x' }, { durable: true }])
      await expect(create(request)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
    const attached = await node.sessions.create({ label: 'attached' }, principal)
    const conflict = node.sessions.create({ id: attached.session.facts.id, durable: true }, principal)
    await expect(conflict).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  })

  test('sessions of both kinds are in one list, in pages, newest first', async () => {
    await using node = startSessionNode(new MemoryStore(), 'one')
    vi.useFakeTimers({ toFake: ['Date'] })
    const ids: string[] = []
    for (const durable of [true, false, true, true, false]) {
      const { session } = await node.sessions.create({ durable }, principal)
      ids.unshift(session.facts.id)
      vi.setSystemTime(Date.now() + 1)
    }
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await node.sessions.list('acme', { limit: 2, ...(cursor !== undefined && { cursor }) })
      seen.push(...page.items.map(({ facts }) => facts.id))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(ids)
  })
})
