import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  CancelledError,
  type ApprovalDecision,
  type ClientConfig,
  type Codemode,
  type ExecutionEvent,
  type Session,
} from '@codemode/client'
import { newExecutionId } from '@codemode/shared'
import { api, connect, sharedToolServer, startExecutor, toolLatch } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { openPostgresStore, type TestStore } from '../support/test-stores.ts'

const durable = true
/** Tool that answers with the context of its call. */
const who = (_: unknown, { context }: { context: unknown }): unknown => context
let store: TestStore
let one: DurableExecutor
let two: DurableExecutor

beforeAll(async () => {
  store = await openPostgresStore()
  one = await startDurableExecutor(store, { maxRunningDetached: 2 })
  two = await startDurableExecutor(store, { maxRunningDetached: 2 })
})
afterAll(async () => {
  await Promise.all([one, two].map((node) => node.close({ drainMs: 0 })))
  await store[Symbol.asyncDispose]()
})

/** Returns the names of the nodes that have claimed an execution, in order. */
async function claimants(executionId: string): Promise<string[]> {
  const { body } = await api(one, `/v1/executions/${executionId}/journal`)
  const entries = body.entries as { type: string; node: string }[]
  return entries.flatMap(({ type, node }) => (type === 'claim' ? [node] : []))
}

/** Decides about the only pending approval of an execution, when it is there. */
async function decide(codemode: Codemode, executionId: string, decision: ApprovalDecision): Promise<void> {
  await expect.poll(async () => (await codemode.getExecution(executionId)).status).toBe('paused')
  for await (const approval of codemode.listApprovals({ status: 'pending', executionId }))
    await codemode.decide(approval, decision)
}

const approve = (codemode: Codemode, executionId: string) => decide(codemode, executionId, { approve: true })

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const seen: Item[] = []
  for await (const item of items) seen.push(item)
  return seen
}

test(
  'a session outlives its client, and a client of any node goes on with it',
  { tags: ['SE-1', 'SE-3'] },
  async () => {
    const first = connect(one)
    const session = await first.session({ durable, context: { user: 'u1' }, label: 'chat' })
    expect(session).toMatchObject({ isNew: true, isDurable: true })
    expect(await session.run('let n = 1; const add = (x) => (n += x); add(1)')).toBe(2)
    await first.close()
    await using second = connect(two)
    const same = await second.session({ id: session.id, durable })
    expect(same).toMatchObject({ isNew: false, isDurable: true })
    expect(await same.run('add(40)')).toBe(42)
    expect(await same.run('[n, context.user]')).toEqual([42, 'u1'])
    const record = await same.record()
    expect(record).toMatchObject({ durable: true, label: 'chat', steps: 3, pendingSteps: 0, context: { user: 'u1' } })
    expect(record.variables).toEqual([
      { name: 'n', kind: 'let' },
      { name: 'add', kind: 'const' },
    ])
    expect(record.stepList.map(({ number, status, stateKept }) => [number, status, stateKept])).toEqual([
      [1, 'completed', true],
      [2, 'completed', true],
      [3, 'completed', true],
    ])
    expect((await all(second.listSessions({ label: 'chat' }))).map(({ sessionId }) => sessionId)).toEqual([session.id])
    await same.close()
    await expect(second.session({ id: session.id })).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  },
)

test('the state moves to the node that gets the next step', { tags: ['SE-3', 'SE-6'] }, async () => {
  const { enter, open } = toolLatch()
  await using codemode = connect(one, { toolServer: await sharedToolServer(), tools: { enter } })
  await using session = await codemode.session({ durable })
  /** Takes the places of a node but none of the other one. Resolves with a function that frees them. */
  const occupy = async (node: DurableExecutor): Promise<() => Promise<void>> => {
    const held: string[] = []
    const code = 'await tools.enter({})'
    while (held.filter((name) => name === node.node).length < 2) {
      const { id } = await codemode.submit(code, { detached: true })
      await expect.poll(() => claimants(id)).toHaveLength(1)
      held.push((await claimants(id))[0]!)
      ids.push(id)
    }
    return async () => void (await Promise.all(ids.splice(0).map((id) => cancel(id))))
  }
  const ids: string[] = []
  const cancel = async (id: string): Promise<void> => {
    const execution = await codemode.getExecution(id)
    await execution.cancel()
    await execution.wait()
  }
  const claimed: string[] = []
  for (const [node, other] of [
    [one, two],
    [two, one],
    [one, two],
  ] as const) {
    const free = await occupy(other)
    // The loop may have taken places of this node as well.
    for (const id of ids) if ((await claimants(id))[0] === node.node) await cancel(id)
    const step = await session.addStep('var visits = (globalThis.visits ?? 0) + 1; visits')
    await step.wait()
    claimed.push(...(await claimants(step.id)))
    await free()
  }
  open()
  expect(claimed).toEqual([one.node, two.node, one.node])
  expect(await session.run('visits')).toBe(3)
})

describe.each(['callback', 'stream'])('with tools over the %s transport', (transport) => {
  const configOf = async (): Promise<Partial<ClientConfig>> =>
    transport === 'callback' ? { toolServer: await sharedToolServer() } : {}

  test('all steps are queued at once, and run in order', { tags: ['SE-2', 'SE-5', 'TL-5'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using codemode = connect(one, { ...(await configOf()), tools: { enter, who } })
    await using session = await codemode.session({ durable, context: { user: 'u1' } })
    const order: string[] = []
    session.on('settle', ({ status, result }) => order.push(`${status} ${result?.session?.step}`))
    const first = await session.addStep('let log = [await tools.enter({ n: 1 })]')
    const second = await session.addStep('log.push(await tools.who()); throw new Error("no")', { priority: 100 })
    const broken = await session.addStep('let = = 1')
    const cancelled = await session.addStep('log.push("never")')
    const last = await session.addStep<unknown[]>('log.push("last"); log')
    await arrived()
    await expect.poll(() => session.getTaskStatus(first.id).status).toBe('waiting')
    expect(await session.waitForTask(broken.id)).toMatchObject({ error: { code: 'SYNTAX_ERROR' } })
    await cancelled.cancel('not needed')
    expect(await session.waitForTask(cancelled.id)).toMatchObject({ error: { code: 'CANCELLED' } })
    expect(session.getQueueStats()).toMatchObject({ pending: 2, running: 1, failed: 1, cancelled: 1, total: 5 })
    await expect(session.waitForAllTasks({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      details: { pending: [first.id, second.id, last.id] },
    })
    open()
    const results = await session.waitForAllTasks()
    expect(results.map(({ success }) => success)).toEqual([true, false, false, false, true])
    expect(results[4]).toMatchObject({ result: [{ n: 1 }, { user: 'u1' }, 'last'] })
    // The journals of two steps are read at the same time if another node has run them.
    expect(order.slice(2).toSorted()).toEqual(['completed 1', 'completed 5', 'failed 2'])
    expect((await second.record()).session).toEqual({ id: session.id, step: 2, stateKept: true })
    const { results: final, currentScript } = await session.finalize()
    expect(final).toHaveLength(5)
    expect(currentScript).toContain('// Step 4 (cancelled, left out of the state)\nlog.push("never")')
  })

  test('another process serves the tools of a step whose client is gone', { tags: ['TL-5', 'JB-1'] }, async () => {
    const config = await configOf()
    const { enter, arrived } = toolLatch()
    const first = connect(one, { ...config, tools: { enter } })
    const step = await (await first.session({ durable })).addStep('const a = await tools.enter({ n: 1 }); a.n')
    await arrived()
    await first.close()
    await using second = connect(two, { ...config, tools: { enter: (input: unknown) => input } })
    if (transport === 'callback') await second.serveTools()
    const result = transport === 'callback' ? (await second.getExecution(step.id)).wait() : second.resume(step.id)
    expect(await result).toMatchObject({ success: true, result: 1 })
  })
})

/** Resolves with the record of a session when it has the given number of steps. */
async function recordWith(session: Session, steps: number) {
  await expect.poll(async () => (await session.record()).steps).toBe(steps)
  return session.record()
}

test('neither a signal nor the end of a client cancels a step, but its handle does', { tags: ['SE-3'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  const client = connect(one, { toolServer: await sharedToolServer(), tools: { enter } })
  const session = await client.session({ durable })
  const controller = new AbortController()
  const run = session.run('await tools.enter({}); 1', { signal: controller.signal })
  await arrived()
  controller.abort()
  await expect(run).rejects.toBeInstanceOf(CancelledError)
  open()
  const long = await session.addStep('await sleep(60_000)')
  for await (const { type } of long.events()) if (type === 'started') break
  await long.cancel('enough')
  expect(await session.waitForTask(long.id)).toMatchObject({
    error: { code: 'CANCELLED' },
    session: { stateKept: true },
  })
  const asleep = await session.addStep('await sleep(200); 3')
  await recordWith(session, 3)
  await client.close()
  await using other = connect(two)
  expect(await (await other.getExecution(asleep.id)).wait()).toMatchObject({ success: true, result: 3 })
  const { stepList } = await (await other.session({ id: session.id })).record()
  expect(stepList.map(({ status }) => status)).toEqual(['completed', 'cancelled', 'completed'])
})

test('a fork has the state after a step, and a reset starts over under the same id', { tags: ['SE-6'] }, async () => {
  await using codemode = connect(one)
  await using session = await codemode.session({ durable, label: 'source' })
  await session.run('let n = 1')
  await session.run('n = 2')
  const branch = await session.fork({ atStep: 1 })
  expect(branch).toMatchObject({ isNew: true, isDurable: true })
  expect(await branch.run('n += 10')).toBe(11)
  expect(await session.run('n')).toBe(2)
  expect(await branch.record()).toMatchObject({ label: 'source', steps: 2 })
  await expect(session.fork({ atStep: 9 })).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  await expect(session.fork({ id: branch.id })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  await session.reset()
  expect(await session.record()).toMatchObject({ steps: 0, stepList: [], variables: [] })
  expect(await session.run('typeof n')).toBe('undefined')
  expect((await session.record()).stepList).toMatchObject([{ number: 4 }])
})

test('the events of all steps are one stream, in their order', { tags: ['SE-2'] }, async () => {
  await using codemode = connect(one)
  const session = await codemode.session({ durable })
  const seen = all<ExecutionEvent>(session.events())
  for (const n of [1, 2, 3]) void session.addStep(`console.log(${n})`)
  await session.finalize()
  const events = await seen
  expect(events.flatMap((event) => (event.type === 'log' ? [event.text] : []))).toEqual(['1', '2', '3'])
  expect(events.filter(({ type }) => type === 'finished')).toHaveLength(3)
})

test('a session expires, and what is not allowed has a clear error', { tags: ['SE-3'] }, async () => {
  await using codemode = connect(one)
  const session = await codemode.session({ durable, idleTimeoutMs: 1_000 })
  await expect
    .poll(() => session.run('2').catch(({ code }: { code: string }) => code), { interval: 1_500 })
    .toBe('SESSION_EXPIRED')
  await expect(codemode.session({ id: session.id })).rejects.toMatchObject({
    code: 'SESSION_EXPIRED',
    suggestion: expect.stringContaining('Create a new session') as string,
  })
  const ended = await api(one, '/v1/sessions', { body: { id: session.id } })
  expect(ended.body).toMatchObject({ error: { code: 'SESSION_EXPIRED' } })
  for (const path of ['/v1/sessions/%00', '/v1/executions/%00'])
    expect(await api(one, path)).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
  const { body: record, status } = await api(one, '/v1/sessions', { body: { durable } })
  expect(status).toBe(201)
  const attach = await api(two, '/v1/sessions', { body: { id: record.sessionId } })
  expect(attach).toMatchObject({ status: 200, body: { durable: true } })
  const conflict = await api(two, '/v1/sessions', { body: { id: record.sessionId, label: 'x' } })
  expect(conflict).toMatchObject({ status: 409, body: { error: { code: 'IDEMPOTENCY_CONFLICT' } } })
  const path = `/v1/sessions/${record.sessionId}/steps`
  const executionId = newExecutionId()
  const accepted = await api(one, path, { body: { code: '1', id: executionId } })
  expect(accepted).toMatchObject({ status: 202, body: { executionId, status: 'queued' } })
  expect(await api(one, path, { body: { code: '1', id: executionId } })).toMatchObject({ status: 202 })
  for (const more of [{ code: '2' }, { input: 1 }]) {
    const other = await api(one, path, { body: { code: '1', id: executionId, ...more } })
    expect(other.body.error.code).toBe('IDEMPOTENCY_CONFLICT')
  }
  for (const more of [{ approvals: 'client' }, { context: {} }, { notify: {} }, { limits: { memoryLimitMb: 64 } }])
    expect((await api(one, path, { body: { code: '1', ...more } })).status).toBe(400)
  const retry = await api(one, `/v1/executions/${executionId}/retry`, { body: {} })
  expect(retry).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
  await using withoutStore = await startExecutor({ sandboxProcesses: 1 })
  await using other = connect(withoutStore)
  await expect(other.session({ durable })).rejects.toMatchObject({ code: 'STORE_DISABLED' })
})

test('a step waits for an approval, also through a deploy of the executor', { tags: ['AP-1', 'SE-6'] }, async () => {
  const config: Partial<ClientConfig> = { toolServer: await sharedToolServer() }
  const tools = { pay: { requiresApproval: true, execute: ({ amount }: { amount: number }) => ({ paid: amount }) } }
  const client = connect(one, { ...config, tools: tools as never })
  const session = await client.session({ durable })
  await session.run('let spent = 1')
  const paused = await session.addStep('spent += (await tools.pay({ amount: 40 })).paid; spent')
  const last = await session.addStep('spent += 1')
  await expect.poll(async () => (await client.getExecution(paused.id)).status).toBe('paused')
  await client.close()
  await Promise.all([one, two].map((node) => node.close({ drainMs: 0 })))
  one = two = await startDurableExecutor(store, { evictAfterMs: 1 })
  await using other = connect(one, { ...config, tools: tools as never })
  await other.serveTools()
  expect((await other.getExecution(last.id)).status).toBe('queued')
  await approve(other, paused.id)
  expect(await (await other.getExecution(last.id)).wait()).toMatchObject({ success: true, result: 42 })
  const same = await other.session({ id: session.id })
  const waiting = same.run('spent += (await tools.pay({ amount: 8 })).paid')
  const { stepList } = await recordWith(same, 4)
  await expect.poll(() => same.getQueueStats()).toMatchObject({ pending: 0, running: 1 })
  await approve(other, stepList[3]!.executionId)
  expect(await waiting).toBe(50)
  const rejected = await same.addStep('spent += 1; await tools.pay({ amount: 1 })')
  await decide(other, rejected.id, { reject: 'enough', end: true })
  expect(await same.waitForTask(rejected.id)).toMatchObject({ error: { code: 'APPROVAL_REJECTED' } })
  expect(await same.run('spent')).toBe(51)
})

test(
  'an idle session is evicted, and its next step rebuilds it without calling tools again',
  { tags: ['SE-3'] },
  async () => {
    let calls = 0
    await using codemode = connect(one, { tools: { next: () => (calls += 1) } })
    await using session = await codemode.session({ durable })
    await session.run('const first = await tools.next(), random = Math.random()')
    const before = await session.run('[first, random]')
    const rebuilt = await session.addStep<unknown[]>('[first, random]', { wait: true })
    expect(rebuilt).toMatchObject({ result: before, usage: { replays: 1 } })
    expect(calls).toBe(1)
    // A step that is stopped within a turn is left out of the state.
    const stopped = await session.addStep('globalThis.x = 1; for (;;);', { wait: true, cpuTimeoutMs: 50 })
    expect(stopped).toMatchObject({ error: { code: 'CPU_TIMEOUT' }, session: { step: 4, stateKept: false } })
    expect(await session.run('typeof x')).toBe('undefined')
  },
)
