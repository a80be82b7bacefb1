import { newSessionId } from '@codemode/shared'
import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { MockExecutor, type MockExecutorOptions } from '../executors/mock-executor.ts'
import { withCache } from '../executors/with-cache.ts'
import { withDegradation } from '../executors/with-degradation.ts'
import { withFailover } from '../executors/with-failover.ts'
import { withFallback } from '../executors/with-fallback.ts'
import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import type { Executor } from '../executor.ts'
import type { Session } from './session.ts'

/** Answers that tell which code they are for; code that begins with `fail` fails. */
const answers: MockExecutorOptions = {
  responses: [{ code: /^fail/, error: { message: 'it failed' } }],
  defaultResult: ({ code }) => `value of ${code}`,
}

const clientOf = (executor: Executor = new MockExecutor(answers)): Codemode => Codemode.fromClientConfig({ executor })

test('steps run in the order of their calls, also when no call is awaited', { tags: ['SE-2'] }, async () => {
  const executor = new MockExecutor({ ...answers, latencyMs: 1 })
  await using session = await clientOf(executor).session()
  const adding = ['a', 'b', 'c'].map((code) => session.addStep(code))
  expect(session.getQueueStats()).toMatchObject({ pending: 3, running: 0, total: 3, averageMs: undefined })
  const steps = await Promise.all(adding)
  expect(steps.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued'])
  const results = await session.waitForAllTasks()
  expect(results.map((result) => result.success && result.result)).toEqual(['value of a', 'value of b', 'value of c'])
  expect(results.map((result) => result.session)).toMatchObject([{ step: 1 }, { step: 2 }, { step: 3 }])
  expect(executor.calls.map(({ request }) => request.code)).toEqual(['a', 'b', 'c'])
})

test('a step can be waited for by itself, and its status is read by its execution id', { tags: ['SE-2'] }, async () => {
  await using session = await clientOf().session()
  const step = await session.addStep<string>('a')
  expect(session.getTaskStatus(step.id)).toEqual({ executionId: step.id, status: 'queued', result: undefined })
  const result = await session.waitForTask(step.id, { timeoutMs: 10_000 })
  expect(result).toMatchObject({ success: true, result: 'value of a' })
  expect(session.getTaskStatus(step.id)).toEqual({ executionId: step.id, status: 'completed', result })
  expect(await session.addStep('b', { wait: true })).toMatchObject({ result: 'value of b' })
  expect(await session.run('c')).toBe('value of c')
})

test('failures are collected with the other results, and counted', { tags: ['SE-2', 'SE-4'] }, async () => {
  await using session = await clientOf().session()
  for (const code of ['a', 'fail', 'b']) void session.addStep(code)
  const results = await session.waitForAllTasks({ timeoutMs: 10_000 })
  expect(results).toMatchObject([{ success: true }, { error: { message: 'it failed' } }, { success: true }])
  expect(session.getQueueStats()).toMatchObject({ pending: 0, completed: 2, failed: 1, cancelled: 0, total: 3 })
  await expect(session.run('fail again')).rejects.toMatchObject({ code: 'GUEST_ERROR' })
})

test('one deadline holds for all steps, which go on after it', { tags: ['SE-2'] }, async () => {
  const gate = Promise.withResolvers<string>()
  const executor = new MockExecutor({ responses: [{ code: 'slow', result: () => gate.promise }] })
  await using session = await clientOf(executor).session()
  await session.addStep('fast', { wait: true })
  const slow = await session.addStep('slow')
  await expect(session.waitForAllTasks({ timeoutMs: 1 })).rejects.toMatchObject({
    code: 'WAIT_TIMEOUT',
    message: expect.stringContaining('1 of 2 steps') as string,
    details: { sessionId: session.id, pending: [slow.id] },
  })
  await expect(session.waitForTask(slow.id, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
  gate.resolve('late')
  expect(await session.waitForTask(slow.id)).toMatchObject({ result: 'late' })
})

test('a step that is cancelled before it is sent is not sent, and the next ones keep their order', async () => {
  const gate = Promise.withResolvers<null>()
  const executor = new MockExecutor({ responses: [{ code: 'a', result: () => gate.promise }] })
  await using session = await Codemode.fromClientConfig({ executor, concurrency: 1 }).session()
  await session.addStep('a')
  const cancelled = await session.addStep('b')
  const last = await session.addStep('c')
  await cancelled.cancel('changed my mind')
  expect(await session.waitForTask(cancelled.id)).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  gate.resolve(null)
  await session.waitForTask(last.id)
  expect(executor.calls.map(({ request }) => request.code)).toEqual(['a', 'c'])
  expect(session.getQueueStats()).toMatchObject({ completed: 2, cancelled: 1 })
})

test('the events of a step can be read before it is sent', { tags: ['SE-2'] }, async () => {
  const gate = Promise.withResolvers<null>()
  const executor = new MockExecutor({ responses: [{ code: 'a', result: () => gate.promise }] })
  await using codemode = Codemode.fromClientConfig({ executor, concurrency: 1 })
  await using session = await codemode.session()
  void session.addStep('a')
  const step = await session.addStep('b')
  const controller = new AbortController()
  const [read, given] = [undefined, controller.signal].map((signal) =>
    step.events({ signal })[Symbol.asyncIterator]().next(),
  )
  controller.abort('enough')
  await expect(given).rejects.toMatchObject({ name: 'AbortError', executionId: step.id })
  gate.resolve(null)
  expect(await read).toMatchObject({ value: { executionId: step.id, type: 'started' } })
})

test('a step that is cancelled while it waits at the executor ends at once', async () => {
  const gate = Promise.withResolvers<null>()
  const executor = new MockExecutor({ responses: [{ code: 'a', result: () => gate.promise }] })
  await using session = await clientOf(executor).session()
  const first = await session.addStep('a')
  const waiting = await session.addStep('b')
  await expect.poll(() => executor.calls).toHaveLength(2)
  await waiting.cancel('changed my mind')
  expect(await session.waitForTask(waiting.id)).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  gate.resolve(null)
  expect(await session.waitForTask(first.id)).toMatchObject({ success: true })
})

test('listeners get each step when it has ended, and can be removed', { tags: ['SE-2'] }, async () => {
  await using session = await clientOf().session()
  const settled: string[] = []
  const remove = session.on('settle', ({ status }) => settled.push(status))
  await session.addStep('a', { wait: true })
  await session.addStep('fail', { wait: true })
  remove()
  await session.addStep('b', { wait: true })
  expect(settled).toEqual(['completed', 'failed'])
})

test('the events of all steps are one stream, which ends with the session', { tags: ['SE-2'] }, async () => {
  await using session = await clientOf().session()
  const seen: [string, string][] = []
  const first = await session.addStep('a')
  const reading = (async () => {
    for await (const { executionId, type } of session.events()) seen.push([executionId, type])
  })()
  const second = await session.addStep('b')
  await session.finalize()
  await reading
  expect(seen).toEqual([
    [first.id, 'started'],
    [first.id, 'finished'],
    [second.id, 'started'],
    [second.id, 'finished'],
  ])
})

test('a reader of the events gets those of the steps before and after a reset', { tags: ['SE-2'] }, async () => {
  await using session = await clientOf().session()
  const seen: string[] = []
  const before = await session.addStep('a')
  const reading = (async () => {
    for await (const { executionId, type } of session.events()) if (type === 'finished') seen.push(executionId)
  })()
  await session.reset()
  const after = await session.addStep('b')
  await session.finalize()
  await reading
  expect(seen).toEqual([before.id, after.id])
  expect(await configurationErrorMessage(() => session.waitForTask(before.id))).toContain('since the last reset')
})

test('an aborted signal ends the stream of events', async () => {
  await using session = await clientOf().session()
  const controller = new AbortController()
  const next = session.events({ signal: controller.signal })[Symbol.asyncIterator]().next()
  controller.abort(new Error('enough'))
  await expect(next).rejects.toMatchObject({ name: 'AbortError', message: 'The request was aborted: enough' })
})

test('finalize gives the results and the script, with the failures named', { tags: ['SE-2'] }, async () => {
  await using session = await clientOf().session()
  for (const code of ['const a = 1', 'fail()']) void session.addStep(code)
  const { results, currentScript } = await session.finalize()
  expect(results).toMatchObject([{ success: true }, { success: false }])
  expect(currentScript).toBe('// Step 1\nconst a = 1\n\n// Step 2 (failed)\nfail()\n')
  expect(await configurationErrorMessage(() => session.addStep('b'))).toContain('was finalized')
})

test('finalize does not wait for pending steps if it is told so', { tags: ['SE-2'] }, async () => {
  const gate = Promise.withResolvers<null>()
  const executor = new MockExecutor({ responses: [{ code: 'slow', result: () => gate.promise }] })
  await using session = await clientOf(executor).session()
  await session.addStep('fast', { wait: true })
  const slow = await session.addStep('slow')
  expect((await session.finalize({ waitForPending: false })).results).toHaveLength(1)
  gate.resolve(null)
  expect(await session.waitForTask(slow.id)).toMatchObject({ success: true })
})

test('reset waits for the steps before it, and the steps after it start anew', { tags: ['SE-6'] }, async () => {
  await using session = await clientOf().session()
  void session.addStep('a')
  const resetting = session.reset()
  void session.addStep('b')
  await resetting
  const { results, currentScript } = await session.finalize()
  expect(results).toMatchObject([{ result: 'value of b' }])
  expect(currentScript).toBe('// Step 1\nb\n')
})

test('a fork has the steps of its session up to the given one', { tags: ['SE-6'] }, async () => {
  const codemode = clientOf()
  await using session = await codemode.session({ label: 'first' })
  await session.run('a')
  await session.run('b')
  await using fork = await session.fork({ atStep: 1 })
  expect(fork.id).not.toBe(session.id)
  await fork.run('c')
  expect((await fork.record()).stepList.map(({ code }) => code)).toEqual(['a', 'c'])
  expect((await session.record()).stepList.map(({ code }) => code)).toEqual(['a', 'b'])
  const listed: string[] = []
  for await (const { sessionId } of codemode.listSessions({ label: 'first' })) listed.push(sessionId)
  expect(listed).toEqual([fork.id, session.id])
})

test('disposing detaches, and closing ends the session', { tags: ['SE-3'] }, async () => {
  const codemode = clientOf()
  const first = await codemode.session({ context: { user: 'u1' } })
  const step = await first.addStep('a')
  await first[Symbol.asyncDispose]()
  expect(await configurationErrorMessage(() => first.addStep('b'))).toContain('was detached')
  expect(await first.waitForTask(step.id)).toMatchObject({ success: true })
  const second = await codemode.session({ id: first.id })
  expect([first.isNew, second.isNew]).toEqual([true, false])
  expect((await second.record()).steps).toBe(1)
  await second.close()
  await second.close()
  expect(await configurationErrorMessage(() => second.run('c'))).toContain('was closed')
  await expect(codemode.session({ id: first.id })).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
})

test('closing cancels the steps that have not been sent', async () => {
  const gate = Promise.withResolvers<null>()
  const executor = new MockExecutor({ responses: [{ code: 'a', result: () => gate.promise }] })
  const session = await Codemode.fromClientConfig({ executor, concurrency: 1 }).session()
  void session.addStep('a')
  const pending = await session.addStep('b')
  await expect.poll(() => executor.calls).toHaveLength(1)
  const closing = session.close()
  gate.resolve(null)
  await closing
  expect(session.getTaskStatus(pending.id)).toMatchObject({ status: 'cancelled' })
  expect(executor.calls).toHaveLength(1)
})

test('tools get the context of the session, and those of the option tools are added', async () => {
  const seen: object[] = []
  const tools = { note: (_: unknown, { context }: { context: object }) => void seen.push(context) }
  const executor = new MockExecutor({ defaultResult: (_, callTool) => callTool('note', {}) })
  const view = clientOf(executor).withContext({ user: 'u1' })
  await using session = await view.session({ context: { chat: 1 }, tools })
  await session.run('a')
  await using same = await view.session({ id: session.id, tools })
  await same.run('b')
  expect(seen).toEqual([
    { user: 'u1', chat: 1 },
    { user: 'u1', chat: 1 },
  ])
  expect(executor.calls[0]!.request).not.toHaveProperty('context')
})

test('a view with another context cannot attach to a session', async () => {
  const codemode = clientOf()
  const { id } = await codemode.withContext({ user: 'u1' }).session()
  const other = codemode.withContext({ user: 'u2' }).session({ id })
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', details: { path: 'context.user' } })
})

test('misuse is refused with a correct call', async () => {
  const codemode = clientOf()
  await using session = await codemode.session()
  const messages = await Promise.all(
    [
      () => session.addStep('a', { context: {} } as never),
      () => session.run('a', { memoryLimitMb: 64 } as never),
      () => session.addStep('a', { detached: true } as never),
      () => session.addStep('a', null as never),
      () => session.waitForTask('exe_1'),
      () => session.on('started' as never, () => {}),
      () => codemode.session({ id: 'chat 1' }),
      () => codemode.session({ memoryLimit: 1 } as never),
      () => session.fork({ id: 'x' }),
    ].map((work) => configurationErrorMessage(async () => work())),
  )
  expect(messages).toMatchObject([
    expect.stringContaining('The option context belongs to the session'),
    expect.stringContaining('memoryLimitMb'),
    expect.stringContaining('detached'),
    expect.stringContaining('must be an object'),
    expect.stringContaining('has not added a step with the execution id exe_1'),
    expect.stringContaining('settle'),
    expect.stringContaining('"ses_" and a UUID'),
    expect.stringContaining('memoryLimit'),
    expect.stringContaining('"ses_" and a UUID'),
  ])
})

test('wrappers send the steps to the first executor, and cache or replace none', async () => {
  const broken: Executor = { run: () => Promise.reject(new Error('no')), [Symbol.asyncDispose]: async () => {} }
  const wrappers = [
    (first: Executor) => withCache(first),
    (first: Executor) => withFallback(first, broken),
    (first: Executor) => withFailover([first, new MockExecutor()]),
    (first: Executor) => withDegradation(first, { result: 'replaced' }),
  ]
  for (const wrap of wrappers) {
    const first = new MockExecutor({ ...answers, responses: [{ code: 'x', reject: new Error('refused') }] })
    await using session: Session = await clientOf(wrap(first)).session()
    expect([await session.run('a'), await session.run('a')]).toEqual(['value of a', 'value of a'])
    await expect(session.run('x')).rejects.toThrow('refused')
    expect(first.calls).toHaveLength(3)
  }
  const without = configurationErrorMessage(() => clientOf(broken).session({ id: newSessionId() }))
  expect(await without).toContain('has no sessions')
})

const shortTimeouts = {
  cpuTimeoutMs: 10,
  toolTimeoutMs: 10,
  executionTimeoutMs: 10,
  queueTimeoutMs: 10,
  requestTimeoutMs: 30,
}

const wrappers: Record<string, (executor: Executor) => Executor> = {
  none: (executor) => executor,
  withCache: (executor) => withCache(executor),
  withDegradation: (executor) => withDegradation(executor, { result: null }),
  withFailover: (executor) => withFailover([executor]),
  withFallback: (executor) => withFallback(executor, executor),
}

test.each(Object.keys(wrappers))(
  'the steps of a durable session are accepted at once, and have no timeout in the client: %s',
  { tags: ['SE-2'] },
  async (name) => {
    const gate = Promise.withResolvers<string>()
    const executor = new MockExecutor({ responses: [{ code: 'slow', result: () => gate.promise }], defaultResult: 1 })
    await using codemode = Codemode.fromClientConfig({ executor: wrappers[name]!(executor), ...shortTimeouts })
    await using session = await codemode.session({ durable: true })
    expect(session.isDurable).toBe(true)
    const slow = await session.addStep('slow')
    const next = await session.addStep('next')
    await expect.poll(() => executor.calls.length).toBe(2)
    await expect(session.waitForTask(slow.id, { timeoutMs: 40 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    gate.resolve('late')
    expect(await session.waitForTask(next.id)).toMatchObject({ success: true, result: 1 })
    expect(session.getTaskStatus(slow.id).result).toMatchObject({ result: 'late' })
    expect(await session.record()).toMatchObject({ durable: true, steps: 2, pendingSteps: 0 })
  },
)
