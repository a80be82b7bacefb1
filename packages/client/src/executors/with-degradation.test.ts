import { expect, test } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { MockExecutor } from './mock-executor.ts'
import { withDegradation } from './with-degradation.ts'

const options = { callTool: async () => ({ ok: true as const, output: null }), correlationId: 'my-correlation-id' }
const down = new ExecutorConnectionError('it is down')
const broken = () => new MockExecutor({ responses: [{ code: /./, reject: down }] })

test('a failed request becomes a success with the given value, marked as degraded', async () => {
  const value = { list: [1] }
  const executor = withDegradation(broken(), { result: value })
  const id = 'exe_00000000-0000-7000-8000-000000000000'
  const result = await executor.run({ code: 'x', id }, options)
  expect(result).toEqual({
    success: true,
    result: { list: [1] },
    executionId: id,
    correlationId: 'my-correlation-id',
    logs: [],
    logsDropped: { entries: 0, bytes: 0 },
    toolCalls: [],
    warnings: [],
    usage: { cpuMs: 0, wallMs: 0, queueMs: 0, waitMs: 0, turns: 0, replays: 0 },
    source: 'degraded',
  })
  expect(result.success && result.result).not.toBe(value)
})

test('a function computes the value from request and error, or rethrows the error', async () => {
  const executor = withDegradation(broken(), {
    result: ({ code }, error) => {
      if (code === 'important') throw error
      return Promise.resolve([code, error === down])
    },
  })
  expect(await executor.run({ code: 'x' }, options)).toMatchObject({ result: ['x', true], source: 'degraded' })
  await expect(executor.run({ code: 'important' }, options)).rejects.toBe(down)
})

test('withDegradation returns failures of the code unchanged', async () => {
  const failing = new MockExecutor({ responses: [{ code: 'bad', error: { message: 'no' } }], defaultResult: 1 })
  const executor = withDegradation(failing, { result: null })
  expect(await executor.run({ code: 'bad' }, options)).toMatchObject({ success: false, source: 'executor' })
  expect(await executor.run({ code: 'good' }, options)).toMatchObject({ result: 1, source: 'executor' })
})

test('withDegradation does not replace cancellations and configuration errors', async () => {
  const wrong = new ConfigurationError('It is wrong.', 'right()')
  const executor = withDegradation(new MockExecutor({ responses: [{ code: /./, reject: wrong }] }), { result: 1 })
  await expect(executor.run({ code: 'x' }, options)).rejects.toBe(wrong)
  const signal = AbortSignal.abort()
  const aborted = withDegradation(new MockExecutor(), { result: 1 }).run({ code: 'x' }, { ...options, signal })
  await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('cancel, events, health and disposal reach the wrapped executor', async () => {
  const inner = new MockExecutor({ defaultResult: () => new Promise(() => {}) })
  const executor = withDegradation(inner, { result: 1 })
  const running = executor.run({ code: 'x' }, options)
  await executor.cancel?.(inner.calls[0]!.request.id, 'enough')
  expect(await running).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  const bare = withDegradation(
    { run: (request, runOptions) => inner.run(request, runOptions), [Symbol.asyncDispose]: async () => {} },
    { result: 1 },
  )
  expect(Object.keys(bare)).toEqual(['isLive', 'isReady', 'run'])
  expect([await bare.isLive?.(), await bare.isReady?.()]).toEqual([true, true])
  await executor[Symbol.asyncDispose]()
  await expect(inner.run({ code: 'x' }, options)).rejects.toMatchObject({ code: 'CANCELLED' })
})

test.each([
  [() => withDegradation(undefined as never, { result: 1 }), 'An executor must be an object'],
  [() => withDegradation(new MockExecutor(), {} as never), 'result: is missing'],
  [() => withDegradation(new MockExecutor(), { result: () => 1, value: 2 } as never), 'There is no option value'],
])('wrong arguments are refused with the corrected code, %$', (call, problem) => {
  expect(call).toThrow(ConfigurationError)
  expect(call).toThrow(problem)
  expect(call).toThrow('withDegradation(executor, { result: null })')
})
