import type { ExecutionEvent } from '@codemode/shared'
import { afterEach, expect, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { tool, type ToolCall } from '../tools/define.ts'
import { MockExecutor } from './mock-executor.ts'

afterEach(() => void vi.useRealTimers())

const options = { callTool: async () => ({ ok: true as const, output: null }) }

async function all(events: AsyncIterable<ExecutionEvent>): Promise<ExecutionEvent[]> {
  const seen: ExecutionEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

test('the mock gives the first matching response, by text, pattern or function, else the default', async () => {
  const executor = new MockExecutor({
    responses: [
      { code: 'a', result: 1 },
      { code: /^b/g, result: (request) => [request.code] },
      { code: ({ label }) => label === 'mine', result: 3 },
    ],
    defaultResult: 'default',
  })
  const resultOf = async (code: string, label?: string) => {
    const result = await executor.run({ code, ...(label !== undefined && { label }) }, options)
    return result.success && result.result
  }
  expect(await resultOf('a')).toBe(1)
  expect([await resultOf('ba'), await resultOf('ba')]).toEqual([['ba'], ['ba']])
  expect(await resultOf('c', 'mine')).toBe(3)
  expect(await resultOf('c')).toBe('default')
  expect(executor.calls.map(({ request }) => request.code)).toEqual(['a', 'ba', 'ba', 'c', 'c'])
  expect(await new MockExecutor().run({ code: 'x' }, options)).toMatchObject({ success: true, result: null })
})

test('the mock fails code as its response or its function says, and rejects requests', async () => {
  const down = new ExecutorConnectionError('it is down')
  const executor = new MockExecutor({
    responses: [
      { code: 'null.x', error: { name: 'TypeError', message: 'x of null' } },
      { code: 'throw', result: () => Promise.reject(new RangeError('too far')) },
      { code: 'big', result: () => ({ list: [10n] }) as never },
      { code: 'down', reject: down },
      { code: 'lost', result: () => Promise.reject(down) },
    ],
  })
  expect(await executor.run({ code: 'null.x' }, options)).toMatchObject({
    success: false,
    error: { code: 'GUEST_ERROR', name: 'TypeError', message: 'x of null' },
  })
  expect(await executor.run({ code: 'throw' }, options)).toMatchObject({
    success: false,
    error: { code: 'GUEST_ERROR', name: 'RangeError', message: 'too far' },
  })
  expect(await executor.run({ code: 'big' }, options)).toMatchObject({
    error: { code: 'RESULT_NOT_SERIALIZABLE', message: expect.stringContaining('The result at .list[0] is a BigInt') },
  })
  await expect(executor.run({ code: 'down' }, options)).rejects.toBe(down)
  await expect(executor.run({ code: 'lost' }, options)).rejects.toBe(down)
})

test('the mock uses the ids of the request or generates them, and its results share no objects', async () => {
  const value = { list: [1] }
  const executor = new MockExecutor({ defaultResult: value })
  const ids = { id: 'exe_00000000-0000-7000-8000-000000000000', correlationId: 'my-correlation-id' }
  const result = await executor.run({ code: 'x', id: ids.id }, { ...options, correlationId: ids.correlationId })
  expect(result).toMatchObject({ executionId: ids.id, correlationId: ids.correlationId, source: 'executor' })
  expect(executor.calls[0]).toMatchObject({ request: { id: ids.id }, options: { correlationId: ids.correlationId } })
  expect(result.success && result.result).not.toBe(value)
  const other = await executor.run({ code: 'x' }, options)
  expect(other.executionId).toMatch(/^exe_/)
  expect(other.correlationId).toMatch(/^cor_/)
})

const echo = (input: unknown, { context, callId }: ToolCall) => ({ input, context, callId })
const broken = () => Promise.reject(new Error('it broke'))

test("a response function calls the client's tools, with their validation, context and failures", async () => {
  const executor = new MockExecutor({
    responses: [
      { code: 'fine', result: async (_, callTool) => [await callTool('city', { of: 1 }), await callTool('city')] },
      { code: 'unknown', result: (_, callTool) => callTool('planet') },
      { code: 'broken', result: (_, callTool) => callTool('broken') },
    ],
  })
  await using codemode = Codemode.fromClientConfig({ executor, tools: { city: echo, broken } })
  const result = await codemode.withContext({ user: 'u1' }).run('fine')
  const { executionId } = result
  expect(result).toMatchObject({
    success: true,
    result: [
      { input: { of: 1 }, context: { user: 'u1' }, callId: `${executionId}:1` },
      { input: {}, context: { user: 'u1' }, callId: `${executionId}:2` },
    ],
    toolCalls: [{ tool: 'city', status: 'completed' }, { status: 'completed' }],
  })
  expect(await codemode.run('unknown')).toMatchObject({
    error: { code: 'GUEST_ERROR', name: 'ToolError', details: { tool: 'planet', code: 'TOOL_NOT_ALLOWED' } },
  })
  expect(await codemode.run('broken')).toMatchObject({
    error: { name: 'ToolError', message: 'it broke', details: { tool: 'broken', code: 'TOOL_ERROR' } },
    toolCalls: [{ tool: 'broken', status: 'failed', errorCode: 'TOOL_ERROR' }],
  })
})

test('the mock emits events in order, and a reader can start at any event at any time', async () => {
  const executor = new MockExecutor({ defaultResult: (_, callTool) => callTool('now') })
  await using codemode = Codemode.fromClientConfig({ executor, tools: { now: () => 12 } })
  const execution = await codemode.submit('x')
  const early = await all(execution.events())
  expect(early.map(({ type }) => type)).toEqual(['started', 'tool.called', 'tool.settled', 'finished'])
  expect(early.map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
  expect(await execution.wait()).toMatchObject({ success: true, result: 12 })
  expect(await all(execution.events({ after: '2' }))).toEqual(early.slice(2))
  expect(execution.progress).toEqual({ toolCalls: 1, toolCallsSettled: 1, logs: 0 })
  expect(execution.result).toMatchObject({ success: true, result: 12 })
  expect(() => executor.events('exe_unknown')).toThrow('The MockExecutor has no execution exe_unknown')
})

test('a signal ends the reading of events, and not the execution', async () => {
  const answer = Promise.withResolvers<number>()
  const executor = new MockExecutor({ defaultResult: () => answer.promise })
  await using codemode = Codemode.fromClientConfig({ executor })
  const execution = await codemode.submit('x')
  const controller = new AbortController()
  const events = execution.events({ signal: controller.signal })[Symbol.asyncIterator]()
  expect(await events.next()).toMatchObject({ value: { type: 'started' } })
  const next = events.next()
  controller.abort()
  await expect(next).rejects.toMatchObject({ name: 'AbortError', executionId: execution.id })
  answer.resolve(1)
  expect(await execution.wait()).toMatchObject({ result: 1 })
})

test('aborting rejects with a CancelledError and ends the tool calls', async () => {
  const called = Promise.withResolvers<AbortSignal>()
  const executor = new MockExecutor({ defaultResult: (_, callTool) => callTool('wait') })
  const wait = (_: unknown, { signal }: { signal: AbortSignal }) => {
    called.resolve(signal)
    return new Promise(() => {})
  }
  await using codemode = Codemode.fromClientConfig({ executor, tools: { wait } })
  const controller = new AbortController()
  const running = codemode.run('x', { signal: controller.signal })
  const signal = await called.promise
  controller.abort(new Error('enough'))
  await expect(running).rejects.toMatchObject({
    name: 'AbortError',
    code: 'CANCELLED',
    message: expect.stringContaining('enough'),
  })
  expect(signal.aborted).toBe(true)
  await expect(codemode.run('x', { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('cancel() by id ends the execution with a failed result', async () => {
  const executor = new MockExecutor({ defaultResult: () => new Promise(() => {}) })
  await using codemode = Codemode.fromClientConfig({ executor })
  const execution = await codemode.submit('x')
  await execution.cancel('enough')
  expect(await execution.wait()).toMatchObject({
    success: false,
    error: { code: 'CANCELLED', message: expect.stringContaining('enough') },
  })
  expect((await all(execution.events())).map(({ type }) => type)).toEqual(['started', 'finished'])
})

test('latency and timeouts follow fake timers', async () => {
  vi.useFakeTimers()
  const executor = new MockExecutor({ latencyMs: 60_000, defaultResult: 1 })
  const running = executor.run({ code: 'x' }, options)
  const hasty = executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 59_999 })
  await Promise.all([
    expect(hasty).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', timeoutMs: 59_999 }),
    vi.advanceTimersByTimeAsync(60_000),
  ])
  expect(await running).toMatchObject({ success: true, result: 1 })
  expect(vi.getTimerCount()).toBe(0)
})

test('disposing cancels running and later executions', async () => {
  const executor = new MockExecutor({ defaultResult: () => new Promise(() => {}) })
  const running = executor.run({ code: 'x' }, options)
  await executor[Symbol.asyncDispose]()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  await expect(executor.run({ code: 'x' }, options)).rejects.toMatchObject({ code: 'CANCELLED' })
})

test.each([
  [{ latencyMs: -1 }, 'latencyMs'],
  [{ responses: [{ code: 'x' }] }, 'must have a code and one of result, error, reject and paused'],
  [{ default: 1 }, 'There is no option default'],
])('the mock refuses the options %j with the corrected code', (wrong, problem) => {
  expect(() => new MockExecutor(wrong as never)).toThrow(ConfigurationError)
  expect(() => new MockExecutor(wrong as never)).toThrow(problem)
  expect(() => new MockExecutor(wrong as never)).toThrow('new MockExecutor({ responses: [')
})

test('an execution is paused for the calls of a response, or for a call of a tool that requires an approval', async () => {
  const executor = new MockExecutor({
    responses: [
      { code: 'listed', paused: [{ tool: 'pay', input: { amount: 5 }, reason: 'large' }, { tool: 'mail' }] },
      { code: 'called', result: (_request, callTool) => callTool('pay', { amount: 7 }).catch(() => 'caught') },
    ],
  })
  const pay = tool({ requiresApproval: ({ amount }) => amount > 6, execute: ({ amount }) => amount as number })
  await using codemode = Codemode.fromClientConfig({ executor, tools: { pay } })
  const listed = await codemode.run('listed')
  const { executionId } = listed
  expect(listed).toMatchObject({
    status: 'paused',
    approvals: [
      {
        executionId,
        callId: `${executionId}:1`,
        tool: 'pay',
        input: { amount: 5 },
        reason: 'large',
        status: 'pending',
      },
      { callId: `${executionId}:2`, tool: 'mail', input: {} },
    ],
  })
  const called = await codemode.submit('called')
  expect(await called.wait()).toMatchObject({ status: 'paused', approvals: [{ tool: 'pay', input: { amount: 7 } }] })
  expect((await all(called.events())).map(({ type }) => type)).toEqual(['started', 'tool.called', 'paused'])
  await expect(codemode.executeAsync('called')).rejects.toMatchObject({ code: 'APPROVAL_PENDING' })
  const decided = await codemode.run('called', { onApproval: () => ({ approve: true, input: { amount: 3 } }) })
  expect(decided).toMatchObject({ success: true, result: 3 })
})

test('a call whose answer is deferred keeps the execution waiting', async () => {
  const executor = new MockExecutor({ defaultResult: (_request, callTool) => callTool('later') })
  const later = tool({ execute: (_input, call) => call.defer() })
  await using codemode = Codemode.fromClientConfig({ executor, tools: { later } })
  const execution = await codemode.submit('x')
  await execution.cancel('enough')
  expect(await execution.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
})
