import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { ExecutionEvent } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { api, connect, startExecutor, toolLatch, transports } from '@codemode/testkit'
import { inJournalOrder } from '../support/event-order.ts'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

async function all(events: AsyncIterable<ExecutionEvent>): Promise<ExecutionEvent[]> {
  const seen: ExecutionEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('submit resolves while the code runs, and its handle shows the progress', { tags: ['EX-5'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const execution = await client.submit('console.log("hi")\nreturn await tools.enter(7)', { label: 'a label' })
    await arrived()
    await expect.poll(() => execution.status).toBe('waiting')
    expect(execution.id).toMatch(/^exe_[0-9a-f-]{36}$/)
    expect(execution.correlationId).toMatch(/^cor_/)
    expect(execution.progress).toEqual({ toolCalls: 1, toolCallsSettled: 0, logs: 1 })
    const { body } = await api(executor, `/v1/executions/${execution.id}`)
    expect(body).toMatchObject({
      status: 'waiting',
      label: 'a label',
      toolCalls: [{ tool: 'enter', status: 'running' }],
    })
    expect(body).not.toHaveProperty('finishedAt')
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 7, executionId: execution.id })
    expect(execution.status).toBe('completed')
    expect(execution.progress).toEqual({ toolCalls: 1, toolCallsSettled: 1, logs: 1 })
  })

  test('a handle can be awaited several times, and is not a promise itself', { tags: ['EX-5'] }, async () => {
    await using client = connect(executor, { ...config, tools: { one: () => 1 } })
    const execution = await client.submit('tools.one({})')
    expect(execution).not.toHaveProperty('then')
    const results = await Promise.all([execution.wait(), execution.wait({ timeoutMs: 20_000 }), execution.wait()])
    for (const result of results) expect(result).toMatchObject({ success: true, result: 1 })
    expect(await execution.wait()).toBe(results[0])
  })

  test(
    'events arrive in order from the first to the last for every reader, and resume after any of them',
    { tags: ['EX-5'] },
    async () => {
      const { enter, arrived, open } = toolLatch()
      await using client = connect(executor, { ...config, tools: { enter } })
      const execution = await client.submit('console.log("a")\nawait tools.enter({})\nconsole.error("b")\nreturn 1')
      await arrived()
      const early = all(execution.events())
      open()
      await execution.wait()
      const late = await all(execution.events())
      expect(await early).toEqual(late)
      expect(late.map(({ type }) => type).filter((type) => type !== 'waiting')).toEqual([
        'started',
        'log',
        'tool.called',
        'tool.settled',
        'log',
        'finished',
      ])
      expect(late.map(({ id }) => id)).toEqual(late.map(({ id }) => id).toSorted(inJournalOrder))
      expect(new Set(late.map(({ id }) => id)).size).toBe(late.length)
      expect(new Set(late.map(({ executionId }) => executionId))).toEqual(new Set([execution.id]))
      expect(await all(execution.events({ after: late[2]!.id }))).toEqual(late.slice(3))
      expect(late.at(-1)).toMatchObject({ type: 'finished', result: { success: true, result: 1 } })
    },
  )

  test(
    'a reader that pauses half way delays nothing, and gets all remaining events when it continues',
    { tags: ['EX-5'] },
    async () => {
      await using client = connect(executor, { ...config, tools: { one: () => 1 } })
      const code = 'for (let n = 0; n < 200; n += 1) { await tools.one(); console.log("x".repeat(200), n) }'
      const execution = await client.submit(code)
      const reader = execution.events()[Symbol.asyncIterator]()
      const seen = [await reader.next(), await reader.next()]
      expect(await execution.wait()).toMatchObject({ success: true })
      while (seen.at(-1)!.done !== true) seen.push(await reader.next())
      const events = seen.flatMap(({ done, value }) => (done === true || value === undefined ? [] : [value]))
      const late = await all(execution.events())
      expect(events).toEqual(late)
      expect(events.filter(({ type }) => type === 'log')).toHaveLength(200)
      expect(events.at(-1)).toMatchObject({ type: 'finished' })
    },
  )

  test('a reader of events that leaves early does not affect the execution', { tags: ['EX-5'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const execution = await client.submit('await tools.enter({}); return "whole"')
    await arrived()
    for await (const event of execution.events()) if (event.type === 'tool.called') break
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 'whole' })
  })

  test('a timeout of wait() does not cancel the execution', { tags: ['EX-5', 'RT-3'] }, async () => {
    const { enter, arrived, open, signals } = toolLatch()
    await using client = connect(executor, { ...config, tools: { enter } })
    const execution = await client.submit('await tools.enter({}); return "later"')
    await arrived()
    await expect(execution.wait({ timeoutMs: 20 })).rejects.toMatchObject({
      name: 'ExecutorTimeoutError',
      code: 'WAIT_TIMEOUT',
      layer: 'wait',
      timeoutMs: 20,
      option: 'timeoutMs',
      executionId: execution.id,
      correlationId: execution.correlationId,
    })
    expect(signals[0]!.aborted).toBe(false)
    expect(execution.status).toBe('waiting')
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 'later' })
  })

  test('retry runs the same code with the same options under a new id', { tags: ['EX-5'] }, async () => {
    const seen: unknown[] = []
    const note = (input: unknown, { context }: { context: unknown }) => seen.push([input, context])
    await using client = connect(executor, { ...config, tools: { note } })
    const options = { input: { n: 1 }, context: { user: 'u' }, availableTools: ['note'] }
    const first = await client.submit('await tools.note(input); throw new Error("again")', options)
    expect(await first.wait()).toMatchObject({ success: false, error: { message: 'again' } })
    const second = await first.retry()
    expect(second.id).not.toBe(first.id)
    expect(await second.wait()).toMatchObject({ success: false, executionId: second.id })
    expect(seen).toEqual([
      [{ n: 1 }, { user: 'u' }],
      [{ n: 1 }, { user: 'u' }],
    ])
    expect(first.status).toBe('failed')
    expect((await api(executor, `/v1/executions/${first.id}`)).body.status).toBe('failed')
  })
})

test('an execution without a waiting caller is never an unhandled rejection', { tags: ['EX-5'] }, async () => {
  // Vitest fails the run on an unhandled rejection.
  const lost = await startExecutor({ sandboxProcesses: 1 })
  const client = connect(lost, { retry: false, tools: { hang: () => new Promise(() => {}) } })
  const thrown = await client.submit('throw new Error("nobody listens")')
  await expect.poll(() => thrown.status).toBe('failed')
  const cancelled = await client.submit('await tools.hang({})')
  await cancelled.cancel()
  await expect.poll(() => cancelled.status).toBe('cancelled')
  const orphan = await client.submit('await tools.hang({})')
  await client.close()
  await lost.close({ drainMs: 0 })
  expect(orphan.status).toBe('cancelled')
})

test('submit rejects with the refusal of the executor', { tags: ['EX-5'] }, async () => {
  await using stranger = connect(executor, { executorApiKey: 'a-key-of-nobody-at-all' })
  await expect(stranger.submit('return 1')).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  await using client = connect(executor)
  await expect(client.submit('return 1', { executionTimeoutMs: 300_001 })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
    httpStatus: 400,
  })
})

test('submit accepts code that fails at once, and wait() returns the failure', { tags: ['EX-5'] }, async () => {
  await using client = connect(executor)
  const execution = await client.submit('return (')
  expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'SYNTAX_ERROR' } })
  expect(execution.status).toBe('failed')
})
