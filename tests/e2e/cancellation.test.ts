import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CancelledError } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { aborted, api, connect, startExecutor, startProxy, toolLatch, transports } from '@codemode/testkit'

const disconnectGraceMs = 300

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor({ disconnectGraceMs })
})
afterAll(() => executor.close({ drainMs: 0 }))

/** Returns the executor's record of the end of the execution. */
async function ending(id: string): Promise<{ status: string; error: { code: string; name: string; message: string } }> {
  const record = async () => (await api(executor, `/v1/executions/${id}`)).body
  await expect.poll(async () => (await record()).status).toMatch(/completed|failed|cancelled/)
  return record()
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'aborting the signal rejects with an AbortError and stops the guest and its tool calls',
    { tags: ['EX-9'] },
    async () => {
      const { enter, arrived, signals } = toolLatch()
      let executionId = ''
      const tools = {
        enter: (input: unknown, call: { signal: AbortSignal; executionId: string }) => {
          executionId = call.executionId
          return enter(input, call)
        },
      }
      await using client = connect(executor, { ...config, tools })
      const controller = new AbortController()
      const value = client.executeAsync('await Promise.all([tools.enter(1), tools.enter(2)]); return 1', {
        signal: controller.signal,
      })
      const failed = value.catch((error: unknown) => error)
      await arrived(2)
      const reason = new Error('the user has left')
      controller.abort(reason)
      const error = await failed
      expect(error).toBeInstanceOf(CancelledError)
      expect(error).toMatchObject({
        name: 'AbortError',
        code: 'CANCELLED',
        executionId,
        cause: reason,
        message: expect.stringContaining('the user has left'),
      })
      await Promise.all(signals.map(aborted))
      expect(await ending(executionId)).toMatchObject({
        status: 'cancelled',
        error: { code: 'CANCELLED', name: 'AbortError' },
        toolCalls: [{ status: 'cancelled' }, { status: 'cancelled' }],
      })
    },
  )

  test(
    'cancel() ends the execution as cancelled, with its reason, and aborts its handlers',
    { tags: ['EX-9'] },
    async () => {
      const { enter, arrived, signals } = toolLatch()
      await using client = connect(executor, { ...config, tools: { enter } })
      const execution = await client.submit('console.log("begun"); await tools.enter({}); return 1')
      await arrived()
      await execution.cancel('not needed any more')
      expect(await execution.wait()).toMatchObject({
        success: false,
        error: { code: 'CANCELLED', name: 'AbortError', message: expect.stringContaining('not needed any more') },
        logs: [{ text: 'begun' }],
        toolCalls: [{ tool: 'enter', status: 'cancelled' }],
      })
      expect(execution.status).toBe('cancelled')
      await aborted(signals[0]!)
    },
  )

  test('a second cancel(), or one of a finished execution, changes nothing', { tags: ['EX-9'] }, async () => {
    await using client = connect(executor, { ...config, tools: { one: () => 1 } })
    const execution = await client.submit('tools.one({})')
    const result = await execution.wait()
    await execution.cancel()
    await execution.cancel()
    expect((await api(executor, `/v1/executions/${execution.id}/cancel`, { body: {} })).body.status).toBe('completed')
    expect(await execution.wait()).toBe(result)
    expect(execution.status).toBe('completed')
  })

  test('cancelling one execution does not affect the others and their calls', { tags: ['EX-9'] }, async () => {
    const { enter, arrived, open, signals } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const [kept, dropped] = await Promise.all(
      ['kept', 'dropped'].map((input) => client.submit('tools.enter(input)', { input })),
    )
    await arrived(2)
    await dropped!.cancel()
    expect(await dropped!.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    await Promise.race(signals.map(aborted))
    expect(signals.filter((signal) => !signal.aborted)).toHaveLength(1)
    open()
    expect(await kept!.wait()).toMatchObject({ success: true, result: 'kept' })
  })

  test(
    'a handler that rejects with its own error after the abort is not an unhandled rejection',
    { tags: ['EX-9'] },
    async () => {
      const started = Promise.withResolvers<void>()
      const tools = {
        fetchLike: async (_: unknown, { signal }: { signal: AbortSignal }) => {
          started.resolve()
          throw await aborted(signal)
        },
      }
      await using client = connect(executor, { ...config, tools })
      const controller = new AbortController()
      const failed = client.run('tools.fetchLike({})', { signal: controller.signal }).catch((error: unknown) => error)
      await started.promise
      controller.abort()
      expect(await failed).toMatchObject({ name: 'AbortError' })
    },
  )

  test('the end of the code cancels a call that the code no longer awaits', { tags: ['EX-9'] }, async () => {
    const { enter, arrived, signals } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter, quick: () => 'quick' } })
    const value = client.executeAsync('return await Promise.race([tools.enter({}), tools.quick({})])')
    await arrived()
    expect(await value).toBe('quick')
    expect(await aborted(signals[0]!)).toMatchObject({ name: 'AbortError' })
  })

  test(
    'an execution whose client is gone past the grace is cancelled, and its handlers are aborted',
    { tags: ['EX-9'] },
    async () => {
      const { enter, arrived, signals } = toolLatch()
      await using proxy = await startProxy(executor)
      await using client = connect(proxy, { ...config, retry: false, tools: { enter } })
      const execution = await client.submit('await tools.enter({})')
      await arrived()
      await proxy.cut()
      await expect(execution.wait()).rejects.toMatchObject({ name: 'ExecutorConnectionError', ambiguous: true })
      expect(await ending(execution.id)).toMatchObject({
        status: 'cancelled',
        error: { code: 'CANCELLED', name: 'AbortError', message: expect.stringContaining(`${disconnectGraceMs} ms`) },
        toolCalls: [{ status: 'cancelled' }],
      })
      await aborted(signals[0]!)
    },
  )

  test('a client that returns within the grace period finds its execution running', { tags: ['EX-9'] }, async () => {
    const { enter, arrived, open, signals } = toolLatch()
    await using patient = await startExecutor({ disconnectGraceMs: 30_000 })
    await using proxy = await startProxy(patient, ({ method, path }) =>
      method === 'POST' && path === '/v1/executions' ? { cutAfter: 'tool.called' } : 'pass',
    )
    await using client = connect(proxy, { ...config, retry: { backoffBaseMs: 1 }, tools: { enter } })
    const execution = await client.submit('await tools.enter({}); return "unharmed"')
    await arrived()
    await expect.poll(() => proxy.exchanges.some(({ path }) => path.endsWith('/events'))).toBe(true)
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 'unharmed' })
    expect(signals).toHaveLength(1)
  })
})

test('a client with an already aborted signal sends nothing', { tags: ['EX-9'] }, async () => {
  await using proxy = await startProxy(executor)
  await using client = connect(proxy)
  const failed = client.executeAsync('return 1', { signal: AbortSignal.abort(new Error('too late')) })
  await expect(failed).rejects.toMatchObject({ name: 'AbortError', code: 'CANCELLED', cause: new Error('too late') })
  expect(proxy.exchanges).toEqual([])
})

test('cancellation also stops a guest that computes and awaits nothing', { tags: ['EX-9'] }, async () => {
  await using client = connect(executor, { tools: { go: () => 'go' } })
  const execution = await client.submit('console.log("x")\nawait tools.go({})\nfor (;;);', { cpuTimeoutMs: 20_000 })
  for await (const event of execution.events()) if (event.type === 'tool.settled') break
  await expect.poll(async () => (await api(executor, `/v1/executions/${execution.id}`)).body.status).toBe('running')
  await execution.cancel()
  const result = await execution.wait()
  expect(result).toMatchObject({ success: false, error: { code: 'CANCELLED' }, logs: [{ text: 'x' }] })
  expect(await client.executeAsync('return 1')).toBe(1)
})

test('an execution that waits for admission can be cancelled, and leaves the queue', { tags: ['EX-9'] }, async () => {
  await using narrow = await startExecutor({ sandboxProcesses: 1, maxRunning: 1 })
  const { enter, arrived, open } = toolLatch()
  await using client = connect(narrow, { tools: { enter } })
  const running = client.executeAsync('tools.enter("first")')
  await arrived()
  const controller = new AbortController()
  const queued = client.executeAsync('return "never"', { signal: controller.signal }).catch((error: unknown) => error)
  const statuses = async () => {
    const records = client.activeExecutions().map(({ id }) => api(narrow, `/v1/executions/${id}`))
    return (await Promise.all(records)).map(({ body }) => body.status as string)
  }
  await expect.poll(statuses).toContain('queued')
  const next = client.executeAsync('return "next"')
  controller.abort()
  expect(await queued).toMatchObject({ name: 'AbortError' })
  open()
  expect(await Promise.all([running, next])).toEqual(['first', 'next'])
})

test('the executor refuses to cancel unknown executions and those of another tenant', { tags: ['EX-9'] }, async () => {
  const path = '/v1/executions/exe_019a3f0e-0000-7000-8000-000000000009/cancel'
  expect(await api(executor, path, { body: {} })).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } })
})
