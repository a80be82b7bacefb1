import type { ExecutionEvent } from '@codemode/shared'
import { afterEach, expect, test, vi } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { MockExecutor } from './mock-executor.ts'
import { withFallback } from './with-fallback.ts'

afterEach(() => void vi.useRealTimers())

const options = { callTool: async () => ({ ok: true as const, output: null }), correlationId: 'my-correlation-id' }
const id = 'exe_00000000-0000-7000-8000-000000000000'
const down = new ExecutorConnectionError('it is down')
const broken = () => new MockExecutor({ responses: [{ code: /./, reject: down }] })
const stuck = () => new MockExecutor({ defaultResult: () => new Promise(() => {}) })

test('when the first executor rejects, the second runs the code under a new id', async () => {
  const secondary = new MockExecutor({ defaultResult: 2 })
  const executor = withFallback(broken(), secondary)
  const result = await executor.run({ code: 'x', id, label: 'l' }, options)
  expect(result).toMatchObject({ success: true, result: 2, source: 'fallback', correlationId: 'my-correlation-id' })
  const [call] = secondary.calls
  expect(call?.request).toEqual({ code: 'x', label: 'l', id: result.executionId })
  expect(result.executionId).not.toBe(id)
})

test('a failure of the code on the first executor is the result, and the second is not called', async () => {
  const primary = new MockExecutor({ responses: [{ code: 'bad', error: { message: 'no' } }], defaultResult: 1 })
  const secondary = new MockExecutor()
  const executor = withFallback(primary, secondary)
  expect(await executor.run({ code: 'bad' }, options)).toMatchObject({ success: false, source: 'executor' })
  expect(await executor.run({ code: 'good' }, options)).toMatchObject({ result: 1, source: 'executor' })
  expect(secondary.calls).toEqual([])
})

test('the fallback cancels a first executor that takes longer than timeoutMs and stops its events', async () => {
  vi.useFakeTimers()
  const primary = stuck()
  const events: ExecutionEvent[] = []
  const executor = withFallback(primary, new MockExecutor({ defaultResult: 2 }))
  const onEvent = (event: ExecutionEvent) => void events.push(event)
  const running = executor.run({ code: 'x', id }, { ...options, onEvent, requestTimeoutMs: 20_000 })
  await vi.advanceTimersByTimeAsync(5_000)
  const result = await running
  expect(result).toMatchObject({ result: 2, source: 'fallback' })
  expect(primary.calls[0]!.options.signal?.aborted).toBe(true)
  const second = result.executionId
  expect(events.map((event) => [event.executionId, event.type])).toEqual([
    [id, 'started'],
    [second, 'started'],
    [second, 'finished'],
  ])
  expect(vi.getTimerCount()).toBe(0)
})

test('the second executor gets the remaining part of requestTimeoutMs; without any, the first error is thrown', async () => {
  vi.useFakeTimers()
  const secondary = new MockExecutor()
  const executor = withFallback(stuck(), secondary, { timeoutMs: 1_000 })
  const running = executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 5_000 })
  const tooLate = executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 900 })
  await Promise.all([
    expect(tooLate).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', timeoutMs: 900 }),
    vi.advanceTimersByTimeAsync(1_000),
    running,
  ])
  expect(secondary.calls.map((call) => call.options.requestTimeoutMs)).toEqual([4_000])
})

test('when both fail, the fallback throws an AggregateError of both errors', async () => {
  const alsoDown = new ExecutorConnectionError('so is this')
  const secondary = new MockExecutor({ responses: [{ code: /./, reject: alsoDown }] })
  const error: unknown = await withFallback(broken(), secondary)
    .run({ code: 'x' }, options)
    .catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(AggregateError)
  expect(error).toMatchObject({ errors: [down, alsoDown], message: 'Both executors failed: it is down; so is this' })
})

test('shouldFallBack decides, but cancellations and configuration errors never fall back', async () => {
  const secondary = new MockExecutor()
  const picky = withFallback(broken(), secondary, {
    shouldFallBack: (error, { code }) => error !== down || code === 'y',
  })
  await expect(picky.run({ code: 'x' }, options)).rejects.toBe(down)
  const wrong = new ConfigurationError('It is wrong.', 'right()')
  const misconfigured = withFallback(new MockExecutor({ responses: [{ code: /./, reject: wrong }] }), secondary)
  await expect(misconfigured.run({ code: 'x' }, options)).rejects.toBe(wrong)
  const controller = new AbortController()
  const running = withFallback(stuck(), secondary).run({ code: 'x' }, { ...options, signal: controller.signal })
  controller.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(secondary.calls).toEqual([])
  expect(await picky.run({ code: 'y' }, options)).toMatchObject({ source: 'fallback' })
})

test('cancelling while the second executor runs is not reported as a failure of both', async () => {
  const controller = new AbortController()
  const secondary = stuck()
  const running = withFallback(broken(), secondary).run({ code: 'x' }, { ...options, signal: controller.signal })
  await vi.waitFor(() => expect(secondary.calls).toHaveLength(1), { timeout: 30_000 })
  controller.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('cancel and events reach the executor that runs the execution, by the id of the request', async () => {
  const [primary, secondary] = [stuck(), stuck()]
  const executor = withFallback(primary, secondary)
  const first = executor.run({ code: 'x', id }, options)
  await executor.cancel?.(id, 'enough')
  expect(await first).toMatchObject({ success: false, error: { code: 'CANCELLED' }, executionId: id })

  const fallen = withFallback(broken(), secondary)
  const running = fallen.run({ code: 'x', id }, options)
  await vi.waitFor(() => expect(secondary.calls).toHaveLength(1), { timeout: 30_000 })
  await fallen.cancel?.(id, 'enough')
  const result = await running
  expect(result).toMatchObject({ success: false, error: { code: 'CANCELLED' }, source: 'fallback' })
  const ids = new Set<string>()
  for await (const event of fallen.events!(id)) ids.add(event.executionId)
  expect([...ids]).toEqual([result.executionId])
})

test('fallbacks can be nested', async () => {
  const executor = withFallback(withFallback(broken(), broken()), new MockExecutor({ defaultResult: 3 }))
  expect(await executor.run({ code: 'x' }, options)).toMatchObject({ result: 3, source: 'fallback' })
})

test.each([
  [() => withFallback(new MockExecutor(), undefined as never), 'An executor must be an object'],
  [() => withFallback(new MockExecutor(), new MockExecutor(), { timeoutMs: 0 }), 'the option timeoutMs'],
  [() => withFallback(new MockExecutor(), new MockExecutor(), { shouldFallBack: true as never }), 'must be a function'],
])('wrong arguments are refused with the corrected code, %$', (call, problem) => {
  expect(call).toThrow(ConfigurationError)
  expect(call).toThrow(problem)
  expect(call).toThrow('withFallback(primary, secondary, { timeoutMs: 5_000 })')
})
