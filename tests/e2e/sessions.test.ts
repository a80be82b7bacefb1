import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ExecutionEvent } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import { connect, startExecutor, toolLatch, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

test('variables of every kind stay, and names can be declared again', { tags: ['SE-1'] }, async () => {
  await using codemode = connect(executor)
  await using session = await codemode.session()
  const steps = [
    'const [a, { b = 2, ...rest }] = [1, { c: 3 }]',
    'class Point { #x = 1; get x() { return this.#x } }; function add(n) { return n + a }; var v = await Promise.resolve(4)',
    'const a = 10',
    'let b = 20',
  ]
  for (const code of steps) void session.addStep(code)
  expect(await session.run('[add(1), b, rest.c, new Point().x, v]')).toEqual([11, 20, 3, 1, 4])
  await expect(session.run('a = 2')).rejects.toMatchObject({
    code: 'GUEST_ERROR',
    message: expect.stringContaining('Assignment to constant variable') as string,
  })
  const { variables, stepList, context } = await session.record()
  expect(variables).toContainEqual({ name: 'a', kind: 'const' })
  expect(variables).toContainEqual({ name: 'b', kind: 'let' })
  expect(stepList.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
  expect(context).toEqual({})
})

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('steps that were added without a wait run one after the other', { tags: ['SE-2', 'SE-5'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using codemode = connect(executor, { ...config, tools: { enter } })
    await using session = await codemode.session({ context: { user: 'u1' } })
    const order: string[] = []
    session.on('settle', ({ status, result }) => order.push(`${status} ${result?.session?.step}`))
    const first = await session.addStep('let log = [await tools.enter({})]')
    const second = await session.addStep('log.push("second"); throw new Error("no")', { priority: 100 })
    const third = await session.addStep<unknown[]>('log.push("third"); log')
    await arrived()
    await expect.poll(() => session.getTaskStatus(first.id).status).toBe('waiting')
    expect(session.getTaskStatus(third.id).status).toBe('queued')
    expect(session.getQueueStats()).toMatchObject({ pending: 2, running: 1, total: 3 })
    open()
    const results = await session.waitForAllTasks({ timeoutMs: 60_000 })
    expect(results.map(({ success }) => success)).toEqual([true, false, true])
    expect(results[2]).toMatchObject({ result: [{}, 'second', 'third'] })
    expect(order).toEqual(['completed 1', 'failed 2', 'completed 3'])
    expect(session.getQueueStats()).toMatchObject({ completed: 2, failed: 1, averageMs: expect.any(Number) as number })
    expect((await second.record()).session).toEqual({ id: session.id, step: 2, stateKept: true })
  })
})

test('all steps are accepted and checked while the first one runs', { tags: ['SE-2', 'SE-5'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using codemode = connect(executor, { tools: { enter } })
  await using session = await codemode.session()
  const codes = ['const order = []; await tools.enter({})', ...Array.from({ length: 40 }, (_, n) => `order.push(${n})`)]
  codes[20] = 'const = 1'
  const steps = await Promise.all(codes.map((code) => session.addStep(code)))
  await arrived()
  expect(await session.waitForTask(steps[20]!.id)).toMatchObject({ error: { code: 'SYNTAX_ERROR' } })
  await steps[10]!.cancel()
  expect(session.getTaskStatus(steps[0]!.id).status).toMatch(/running|waiting/)
  const accepted = (await session.record()).stepList.map(({ executionId }) => executionId)
  expect(accepted).toEqual(steps.slice(0, accepted.length).map(({ id }) => id))
  expect(accepted.length).toBeGreaterThan(20)
  open()
  const order = Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 9 && n !== 19)
  expect(await session.run('order')).toEqual(order)
})

test('a step that was accepted, and that no room is found for in time, ends with an error', async () => {
  await using small = await startExecutor({ maxRunning: 1 })
  const [first, other] = [toolLatch(), toolLatch()]
  await using codemode = connect(small, { tools: { first: first.enter, other: other.enter } })
  await using session = await codemode.session()
  void session.addStep('let n = 1; await tools.first({})')
  await first.arrived()
  const late = await session.addStep('n = 2', { queueTimeoutMs: 50 })
  await expect.poll(async () => (await session.record()).pendingSteps).toBe(2)
  const known = new Set(codemode.activeExecutions().map(({ id }) => id))
  const blocking = codemode.executeAsync('return tools.other({})')
  const waiting = () => codemode.activeExecutions().find(({ id }) => id !== late.id && !known.has(id))
  await expect.poll(async () => (await waiting()?.record())?.status).toBe('queued')
  first.open()
  await other.arrived()
  expect(await session.waitForTask(late.id)).toMatchObject({
    error: { code: 'EXECUTION_TIMEOUT', details: { layer: 'queue', option: 'queueTimeoutMs' } },
  })
  other.open()
  await blocking
  expect(await session.run('n')).toBe(1)
})

test('handlers get the context of the session from either transport', { tags: ['TL-5'] }, async () => {
  for (const { config } of transports) {
    const seen: unknown[] = []
    const tools = { note: (_: unknown, call: { context: object }) => void seen.push({ ...call.context }) }
    await using codemode = connect(executor, { ...config, tools })
    const session = await codemode.withContext({ user: 'u1' }).session({ context: { chat: 2 } })
    expect(await session.run('await tools.note({}); context')).toEqual({ user: 'u1', chat: 2 })
    expect(seen).toEqual([{ user: 'u1', chat: 2 }])
    await session.close()
  }
})

test('a step that was stopped leaves the state before it, and says so', { tags: ['SE-4'] }, async () => {
  await using codemode = connect(executor)
  await using session = await codemode.session()
  await session.run('let n = 1')
  expect(await session.addStep('n = 2; null.x', { wait: true })).toMatchObject({ session: { stateKept: true } })
  const stopped = await session.addStep('n = 3; while (true) {}', { cpuTimeoutMs: 100, wait: true })
  expect(stopped).toMatchObject({ error: { code: 'CPU_TIMEOUT' }, session: { step: 3, stateKept: false } })
  expect(await session.run('n')).toBe(2)
  const { currentScript } = await session.finalize()
  expect(currentScript).toContain('// Step 3 (failed, left out of the state)\nn = 3; while (true) {}\n')
})

test('another client attaches to a session with its state', { tags: ['SE-3'] }, async () => {
  await using first = connect(executor, { tools: { who: () => 'first' } })
  const session = await first.withContext({ user: 'u1' }).session({ label: 'shared' })
  await session.run('const me = await tools.who({})')
  await session[Symbol.asyncDispose]()

  await using second = connect(executor, { tools: { who: () => 'second' } })
  const same = await second.session({ id: session.id })
  expect([session.isNew, same.isNew]).toEqual([true, false])
  expect(await same.run('[me, await tools.who({}), context.user]')).toEqual(['first', 'second', 'u1'])
  const other = second.session({ id: session.id, context: { user: 'u2' } })
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  const listed: string[] = []
  for await (const { sessionId } of second.listSessions({ label: 'shared' })) listed.push(sessionId)
  expect(listed).toEqual([session.id])
})

test('a session that has ended or expired says what to do', { tags: ['SE-3'] }, async () => {
  await using codemode = connect(executor)
  const over = { code: 'SESSION_EXPIRED', suggestion: expect.stringContaining('Create a new session') as string }
  const idle = await codemode.session({ idleTimeoutMs: 1_000 })
  const closed = await codemode.session()
  const same = await codemode.session({ id: closed.id })
  const running = await closed.addStep('await sleep(60_000)')
  await expect.poll(() => running.status).toBe('waiting')
  await closed.close()
  expect(await closed.waitForTask(running.id)).toMatchObject({ error: { code: 'CANCELLED' } })
  await expect(same.run('1')).rejects.toMatchObject(over)
  await expect(codemode.session({ id: closed.id })).rejects.toMatchObject(over)
  await expect.poll(() => idle.record().catch((error: unknown) => error)).toMatchObject(over)
})

test('a fork and its session go on independently, and a reset starts over', { tags: ['SE-6'] }, async () => {
  await using codemode = connect(executor)
  await using session = await codemode.session({ context: { user: 'u1' } })
  for (const code of ['let list = [1]; const seed = Math.random()', 'list.push(2)', 'list.push(3)'])
    await session.run(code)
  await using fork = await session.fork({ atStep: 2 })
  expect(await fork.run('list.push("fork"); [list, context.user, seed]')).toEqual([
    [1, 2, 'fork'],
    'u1',
    await session.run('seed'),
  ])
  expect(await session.run('list')).toEqual([1, 2, 3])
  void session.addStep('list.push(4)')
  const resetting = session.reset()
  const after = session.run('typeof list')
  await resetting
  expect(await after).toBe('undefined')
})

test('the events of all steps arrive as one stream, with what the steps log', { tags: ['SE-2'] }, async () => {
  await using codemode = connect(executor)
  await using session = await codemode.session()
  const seen: ExecutionEvent[] = []
  const reading = (async () => {
    for await (const event of session.events()) seen.push(event)
  })()
  const ids: string[] = []
  for (const n of [1, 2, 3]) ids.push((await session.addStep(`console.log(${n})`)).id)
  await session.finalize()
  await reading
  expect(seen.flatMap((event) => (event.type === 'log' ? [event.text] : []))).toEqual(['1', '2', '3'])
  const finished = seen.flatMap(({ type, executionId }) => (type === 'finished' ? [executionId] : []))
  expect(finished).toEqual(ids)
})

test('sessions run in parallel, each with its own order and variables', { tags: ['SE-5'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using codemode = connect(executor, { tools: { enter } })
  await using blocked = await codemode.session()
  void blocked.addStep('await tools.enter({})')
  await arrived()
  const values = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const session = await codemode.session()
      for (const k of [1, 2, 3]) void session.addStep(`var sum = (globalThis.sum ?? 0) * 10 + ${k} * ${n}`)
      const value = await session.run<number>('sum')
      await session.close()
      return value
    }),
  )
  expect(values).toEqual(Array.from({ length: 10 }, (_, n) => 123 * n))
  open()
  expect(await blocked.waitForAllTasks()).toMatchObject([{ success: true }])
})

test('steps wait behind a long one without a timeout, and with a client that admits one at a time', async () => {
  await using codemode = connect(executor, { concurrency: 1 })
  await using session = await codemode.session()
  void session.addStep('await sleep(4_000)', { executionTimeoutMs: 60_000 })
  const limits = { executionTimeoutMs: 3_000, queueTimeoutMs: 3_000 }
  const results = await Promise.all([1, 2].map((n) => session.run(String(n), limits)))
  expect(results).toEqual([1, 2])
})
