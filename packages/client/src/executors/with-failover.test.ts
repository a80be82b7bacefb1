import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import type { Executor, RunOptions } from '../executor.ts'
import { MockExecutor } from './mock-executor.ts'
import { withFailover } from './with-failover.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const options: RunOptions = { callTool: async () => ({ ok: true as const, output: null }) }
const unreached = () => new ExecutorConnectionError('it is down')
const lost = () => new ExecutorConnectionError('it broke', { code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
const refusal = (code: string, more = {}) =>
  new ExecutorClientError(code, `it is ${code}`, { httpStatus: 503, ...more })

/** Returns an executor whose answer and readiness a test sets, and that counts how often it was asked for either. */
function node(name: string) {
  const state = { error: undefined as Error | undefined, isReady: true, probes: 0 }
  const mock = new MockExecutor({
    responses: [{ code: 'wait', result: () => new Promise(() => {}) }],
    defaultResult: () => {
      if (state.error !== undefined) throw state.error
      return name
    },
  })
  const executor: Executor = {
    run: (request, runOptions) => mock.run(request, runOptions),
    isReady: async () => {
      state.probes += 1
      return state.isReady
    },
    [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose](),
  }
  return { state, mock, executor }
}

const nodes = () => [node('a'), node('b')] as const
const failoverOf = (all: readonly { executor: Executor }[], more = {}) =>
  withFailover(
    all.map(({ executor }) => executor),
    more,
  )
const nameOf = async (executor: Executor) => {
  const result = await executor.run({ code: 'x' }, options)
  return result.success && result.result
}
const namesOf = async (executor: Executor, count: number) => {
  const names: unknown[] = []
  while (names.length < count) names.push(await nameOf(executor))
  return names
}

test('equal executors take turns, and the one with fewer running executions comes first', async () => {
  const all = [node('a'), node('b'), node('c')]
  const executor = failoverOf(all)
  expect(await namesOf(executor, 4)).toEqual(['a', 'b', 'c', 'a'])
  void executor.run({ code: 'wait' }, options).catch(() => {})
  void executor.run({ code: 'wait' }, options).catch(() => {})
  expect(all.map(({ mock }) => mock.calls.filter(({ request }) => request.code === 'wait').length)).toEqual([0, 1, 1])
  expect(await namesOf(executor, 3)).toEqual(['a', 'a', 'a'])
  await executor[Symbol.asyncDispose]()
})

test('failover removes an executor that hangs, and keeps one whose code was slow', async () => {
  const all = nodes()
  const executor = failoverOf(all)
  const [a, b] = all
  const timeOut = async () => {
    const run = executor
      .run({ code: 'wait' }, { ...options, requestTimeoutMs: 100 })
      .catch(({ code }) => code as string)
    await vi.advanceTimersByTimeAsync(100)
    return run
  }
  a.state.isReady = false
  expect([await timeOut(), await timeOut()]).toEqual(['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT'])
  await vi.advanceTimersByTimeAsync(1)
  expect([a.state.probes, b.state.probes]).toEqual([1, 1])
  expect(await namesOf(executor, 3)).toEqual(['b', 'b', 'b'])
  a.state.isReady = true
  await vi.advanceTimersByTimeAsync(1_000)
  expect(new Set(await namesOf(executor, 2))).toEqual(new Set(['a', 'b']))
  await executor[Symbol.asyncDispose]()
})

describe.each([
  ['could not be reached', unreached()],
  ['is overloaded', refusal('OVERLOADED')],
  ['is shutting down', refusal('SHUTTING_DOWN')],
  ['did not admit it in time', refusal('QUEUE_TIMEOUT')],
  ['limits the request rate', refusal('RATE_LIMITED', { httpStatus: 429 })],
])('an executor that %s', (_what, error) => {
  test('hands the execution to the next one with its id, and gets no more until it is ready', async () => {
    const [a, b] = nodes()
    const executor = failoverOf([a, b])
    a.state.error = error
    a.state.isReady = false
    const id = 'exe_00000000-0000-7000-8000-000000000000'
    expect(await executor.run({ code: 'x', id }, options)).toMatchObject({ result: 'b', executionId: id })
    expect(await namesOf(executor, 3)).toEqual(['b', 'b', 'b'])
    expect(a.mock.calls).toHaveLength(1)

    await vi.advanceTimersByTimeAsync(3_000)
    expect([a.state.probes, b.state.probes]).toEqual([3, 0])
    expect(await nameOf(executor)).toBe('b')
    a.state.error = undefined
    a.state.isReady = true
    await vi.advanceTimersByTimeAsync(1_000)
    expect(new Set(await namesOf(executor, 2))).toEqual(new Set(['a', 'b']))
    expect([a.state.probes, vi.getTimerCount()]).toEqual([4, 0])
  })
})

test('failover does not repeat an execution that may have run, and removes its executor', async () => {
  const [a, b] = nodes()
  const executor = failoverOf([a, b])
  a.state.error = lost()
  await expect(nameOf(executor)).rejects.toBe(a.state.error)
  expect(b.mock.calls).toHaveLength(0)
  expect(await namesOf(executor, 2)).toEqual(['b', 'b'])
})

test.each([
  ['INVALID_REQUEST', refusal('INVALID_REQUEST')],
  ['UNAUTHORIZED', refusal('UNAUTHORIZED')],
  ['an ambiguous refusal', refusal('OVERLOADED', { ambiguous: true })],
  ['REQUEST_TIMEOUT', refusal('REQUEST_TIMEOUT', { ambiguous: true })],
])('%s ends the execution without another attempt', async (_what, error) => {
  const [a, b] = nodes()
  a.state.error = error
  await expect(nameOf(failoverOf([a, b]))).rejects.toBe(error)
  expect(b.mock.calls).toHaveLength(0)
})

test('when every executor refuses, the error names all of them, the refusal code and the shortest wait', async () => {
  const [a, b] = nodes()
  const executor = failoverOf([a, b])
  a.state.error = refusal('OVERLOADED', { retryable: true, retryAfterMs: 2_000, attempts: 3 })
  b.state.error = unreached()
  const expected = {
    code: 'OVERLOADED',
    message: 'None of 2 executors accepted the execution: it is OVERLOADED; it is down',
    retryable: true,
    ambiguous: false,
    retryAfterMs: 2_000,
    httpStatus: 503,
    attempts: 3,
    cause: { errors: [a.state.error, b.state.error] },
  }
  await expect(nameOf(executor)).rejects.toMatchObject(expected)
  b.state.error = undefined
  expect(await nameOf(executor)).toBe('b')
})

test('a trial that succeeds restores an executor and ends its probes', async () => {
  const [a] = nodes()
  const executor = failoverOf([a])
  a.state.error = unreached()
  await expect(nameOf(executor)).rejects.toBe(a.state.error)
  expect(vi.getTimerCount()).toBe(1)
  a.state.error = undefined
  expect(await nameOf(executor)).toBe('a')
  expect([vi.getTimerCount(), a.state.probes]).toEqual([0, 0])
})

test('an executor that refuses is skipped for as long as it asks, up to a minute', async () => {
  const [a, b] = nodes()
  const executor = failoverOf([a, b])
  a.state.error = refusal('OVERLOADED', { retryAfterMs: 5_000 })
  b.state.error = refusal('OVERLOADED', { retryAfterMs: 3_600_000 })
  await expect(nameOf(executor)).rejects.toMatchObject({ code: 'OVERLOADED' })
  await vi.advanceTimersByTimeAsync(4_999)
  expect([a.state.probes, b.state.probes]).toEqual([0, 0])
  await vi.advanceTimersByTimeAsync(1)
  expect([a.state.probes, b.state.probes]).toEqual([1, 0])
  await vi.advanceTimersByTimeAsync(55_000)
  expect([a.state.probes, b.state.probes]).toEqual([1, 1])
})

test('the probes of one executor do not overlap, and a rejected probe counts as not ready', async () => {
  const [a, b] = nodes()
  const answers: PromiseWithResolvers<boolean>[] = []
  const isReady = () => {
    const answer = Promise.withResolvers<boolean>()
    answers.push(answer)
    return answer.promise
  }
  const executor = failoverOf([{ executor: { ...a.executor, isReady } }, b], { probeIntervalMs: 10 })
  a.state.error = unreached()
  await nameOf(executor)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(answers).toHaveLength(1)
  answers[0]!.reject(new Error('a bug'))
  await vi.advanceTimersByTimeAsync(9)
  expect(answers).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(answers).toHaveLength(2)
  await executor[Symbol.asyncDispose]()
  answers[1]!.resolve(false)
  await vi.advanceTimersByTimeAsync(1_000)
  expect([answers.length, vi.getTimerCount()]).toEqual([2, 0])
})

test('an executor without a readiness check is restored after one interval', async () => {
  const [a, b] = nodes()
  const untold: Executor = { ...a.executor }
  delete untold.isReady
  const executor = failoverOf([{ executor: untold }, b])
  a.state.error = unreached()
  expect(await namesOf(executor, 2)).toEqual(['b', 'b'])
  a.state.error = undefined
  await vi.advanceTimersByTimeAsync(1_000)
  expect(new Set(await namesOf(executor, 2))).toEqual(new Set(['a', 'b']))
})

test('the next executor gets the remaining part of requestTimeoutMs', async () => {
  const slow: Executor = {
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 400))
      throw unreached()
    },
    [Symbol.asyncDispose]: async () => {},
  }
  const b = node('b')
  const executor = withFailover([slow, b.executor])
  const running = executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 1_000 })
  const tooLate = withFailover([slow, b.executor]).run({ code: 'x' }, { ...options, requestTimeoutMs: 400 })
  await Promise.all([
    expect(tooLate).rejects.toMatchObject({ code: 'CONNECTION_FAILED' }),
    vi.advanceTimersByTimeAsync(400),
    running,
  ])
  expect(b.mock.calls.map((call) => call.options.requestTimeoutMs)).toEqual([600])
})

test('failover sets canGoElsewhere for an executor while another one is available', async () => {
  const [a, b] = nodes()
  const executor = failoverOf([a, b])
  a.state.error = unreached()
  await namesOf(executor, 2)
  expect([...a.mock.calls, ...b.mock.calls].map((call) => call.options.canGoElsewhere)).toEqual([true, false, false])
})

test('failover is ready while any executor is ready, and disposes all', async () => {
  const [a, b] = nodes()
  const executor = failoverOf([a, b])
  a.state.isReady = false
  expect([await executor.isReady?.(), await executor.isLive?.()]).toEqual([true, true])
  b.state.isReady = false
  expect(await executor.isReady?.()).toBe(false)
  await executor[Symbol.asyncDispose]()
  for (const { executor } of [a, b]) {
    await expect(executor.run({ code: 'x' }, options)).rejects.toMatchObject({ code: 'CANCELLED' })
  }
})

test('cancel and events reach the executor that runs the execution', async () => {
  const [a, b] = [new MockExecutor({ responses: [{ code: /./, reject: unreached() }] }), node('b').mock]
  const executor = withFailover([a, b])
  const id = 'exe_00000000-0000-7000-8000-000000000000'
  const running = executor.run({ code: 'wait', id }, options)
  await vi.waitFor(() => expect(b.calls).toHaveLength(1), { timeout: 30_000 })
  await executor.cancel?.(id, 'enough')
  expect(await running).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  const types: string[] = []
  for await (const event of executor.events!(id)) types.push(event.type)
  expect(types).toEqual(['started', 'finished'])
})

test.each([
  [() => withFailover([]), 'an array with at least one executor; got an empty array'],
  [() => withFailover(new MockExecutor() as never), 'an array with at least one executor; got a value of type object'],
  [() => withFailover([new MockExecutor(), 'http://b' as never]), 'An executor must be an object'],
  [() => withFailover([new MockExecutor()], { probeIntervalMs: 0 }), 'the option probeIntervalMs'],
])('wrong arguments are refused with the corrected code, %$', (call, problem) => {
  expect(call).toThrow(ConfigurationError)
  expect(call).toThrow(problem)
  expect(call).toThrow('withFailover([')
})
