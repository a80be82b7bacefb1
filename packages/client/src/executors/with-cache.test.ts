import type { ExecutionEvent, ExecutionRequest, Json } from '@codemode/shared'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { Executor } from '../executor.ts'
import { MockExecutor } from './mock-executor.ts'
import { withCache } from './with-cache.ts'
import { withDegradation } from './with-degradation.ts'
import { withFallback } from './with-fallback.ts'

afterEach(() => void vi.useRealTimers())

const options = { callTool: async () => ({ ok: true as const, output: null }) }
const ids = ['a', 'b', 'c'].map((letter) => `exe_00000000-0000-7000-8000-00000000000${letter}`)
const valueOf = (result: ExecutionResult) => result.success && result.result

/** Returns an executor that resolves with the number of the run when the test releases it. */
function counting() {
  let count = 0
  return new MockExecutor({ defaultResult: () => ({ run: (count += 1) }) })
}

/** Returns an executor whose runs wait until the test ends them. */
function waiting() {
  const opened = Promise.withResolvers<Json>()
  return { inner: new MockExecutor({ defaultResult: () => opened.promise }), open: opened.resolve }
}

test('a cache hit has the value of the first run and ids of its own, and shares no objects', async () => {
  const inner = counting()
  const executor = withCache(inner)
  const first = await executor.run({ code: 'x', id: ids[0]! }, options)
  const second = await executor.run({ code: 'x', id: ids[1]! }, { ...options, correlationId: 'my-correlation-id' })
  expect(first).toMatchObject({ result: { run: 1 }, source: 'executor', executionId: ids[0] })
  expect(second).toEqual({ ...first, source: 'cache', executionId: ids[1], correlationId: 'my-correlation-id' })
  for (const result of [first, second]) Object.assign(valueOf(result) as object, { run: 'spoilt' })
  expect(valueOf(await executor.run({ code: 'x' }, options))).toEqual({ run: 1 })
  expect(inner.calls).toHaveLength(1)
})

const request: ExecutionRequest = {
  code: 'x',
  input: { a: 1, b: { c: [1, 2], d: null } },
  context: { user: 'u1', team: 't1' },
  config: { k: 1, l: 2 },
  tools: [{ name: 't', description: 'd' }],
}

test.each<Partial<ExecutionRequest>>([
  { input: { b: { d: null, c: [1, 2] }, a: 1 } },
  { context: { team: 't1', user: 'u1' } },
  { tools: [{ description: 'd', name: 't' }] },
  { label: 'other', priority: 5, limits: { cpuTimeoutMs: 7 } },
])('a request that differs only in %j is a cache hit', async (other) => {
  const executor = withCache(counting())
  await executor.run(request, options)
  expect(await executor.run({ ...request, ...other }, options)).toMatchObject({ source: 'cache' })
})

test.each<Partial<ExecutionRequest>>([
  { code: 'y' },
  { input: { a: 1, b: { c: [2, 1], d: null } } },
  { input: { a: 1, b: { c: [1, 2] } } },
  { context: { user: 'u2', team: 't1' } },
  { config: { k: 2, l: 2 } },
  { tools: [{ name: 't', description: 'e' }] },
  { tools: [] },
])('a request that differs in %j is a cache miss', async (other) => {
  const executor = withCache(counting())
  await executor.run(request, options)
  expect(await executor.run({ ...request, ...other }, options)).toMatchObject({ source: 'executor' })
})

test('handlers of views keep results apart, and those of one view share them', async () => {
  const executor = withCache(counting())
  const [ann, bob] = [{}, {}]
  const sourceOf = async (handlers?: object) => (await executor.run(request, { ...options, handlers })).source
  expect([await sourceOf(), await sourceOf(ann), await sourceOf(bob)]).toEqual(['executor', 'executor', 'executor'])
  expect([await sourceOf(), await sourceOf(ann), await sourceOf(bob)]).toEqual(['cache', 'cache', 'cache'])
})

test('the cache keeps results for ttlMs, at most maxEntries of them, and until clear()', async () => {
  vi.useFakeTimers()
  const executor = withCache(counting(), { ttlMs: 1_000, maxEntries: 1 })
  const sourceOf = async (code: string) => (await executor.run({ code }, options)).source
  expect([await sourceOf('x'), await sourceOf('x')]).toEqual(['executor', 'cache'])
  vi.advanceTimersByTime(1_001)
  expect([await sourceOf('x'), await sourceOf('x')]).toEqual(['executor', 'cache'])
  expect([await sourceOf('y'), await sourceOf('x')]).toEqual(['executor', 'executor'])
  executor.clear()
  expect(await sourceOf('x')).toBe('executor')
})

test('a change of the system time does not change the age of a cached result', async () => {
  vi.useFakeTimers()
  const executor = withCache(counting(), { ttlMs: 1_000 })
  const sourceOf = async (code: string) => (await executor.run({ code }, options)).source
  await sourceOf('x')
  vi.setSystemTime(Date.now() + 3_600_000)
  expect(await sourceOf('x')).toBe('cache')
  vi.setSystemTime(Date.now() - 7_200_000)
  vi.advanceTimersByTime(1_001)
  expect(await sourceOf('x')).toBe('executor')
})

const sourcesOf = async (inner: Executor) => {
  const executor = withCache(inner)
  return [(await executor.run({ code: 'x' }, options)).source, (await executor.run({ code: 'x' }, options)).source]
}

test("the cache keeps neither failures nor substitutes for the executor's answer", async () => {
  const down = new ExecutorConnectionError('it is down')
  const broken = new MockExecutor({ responses: [{ code: /./, reject: down }] })
  const failing = new MockExecutor({ responses: [{ code: /./, error: { message: 'no' } }] })
  expect(await sourcesOf(failing)).toEqual(['executor', 'executor'])
  expect(await sourcesOf(withDegradation(broken, { result: 1 }))).toEqual(['degraded', 'degraded'])
  expect(await sourcesOf(withFallback(broken, new MockExecutor()))).toEqual(['fallback', 'fallback'])
  expect(await sourcesOf(withFallback(broken, withCache(new MockExecutor())))).toEqual(['fallback', 'fallback'])
  expect(await sourcesOf(withCache(new MockExecutor()))).toEqual(['executor', 'cache'])
})

describe('identical concurrent requests', () => {
  test('share one run, each with its own ids', async () => {
    const { inner, open } = waiting()
    const executor = withCache(inner)
    const running = ids.map((id) => executor.run({ code: 'x', id }, options))
    open({ list: [] })
    const results = await Promise.all(running)
    expect(inner.calls.map(({ request }) => request.id)).toEqual([ids[0]])
    expect(results.map(({ executionId, source }) => [executionId, source])).toEqual([
      [ids[0], 'executor'],
      [ids[1], 'cache'],
      [ids[2], 'cache'],
    ])
    expect(new Set(results.map(valueOf)).size).toBe(3)
  })

  test('run apart when their limits differ', async () => {
    const { inner, open } = waiting()
    const executor = withCache(inner)
    const running = [
      executor.run({ code: 'x' }, options),
      executor.run({ code: 'x', limits: { cpuTimeoutMs: 1 } }, options),
      executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 60_000 }),
      executor.run({ code: 'x', limits: { queueTimeoutMs: 9_999 } }, options),
    ]
    open(1)
    await Promise.all(running)
    expect(inner.calls).toHaveLength(3)
  })

  test('fail together, and the next request runs again', async () => {
    let runs = 0
    const inner = new MockExecutor({ defaultResult: () => Promise.reject(new Error(`failure ${(runs += 1)}`)) })
    const executor = withCache(inner)
    const together = await Promise.all(ids.map((id) => executor.run({ code: 'x', id }, options)))
    expect(together.map((result) => 'error' in result && result.error.message)).toEqual(ids.map(() => 'failure 1'))
    expect(await executor.run({ code: 'x' }, options)).toMatchObject({ error: { message: 'failure 2' } })
  })

  test('continue when one of them is aborted, even the first, and end with the last one', async () => {
    const { inner } = waiting()
    const executor = withCache(inner)
    const controllers = ids.map(() => new AbortController())
    const running = ids.map((id, i) => executor.run({ code: 'x', id }, { ...options, signal: controllers[i]!.signal }))
    const ends = running.map((run, i) =>
      expect(run).rejects.toMatchObject({ code: 'CANCELLED', executionId: ids[i], ambiguous: true }),
    )
    const shared = inner.calls[0]!.options.signal!
    controllers[0]!.abort()
    await ends[0]
    controllers[1]!.abort()
    await ends[1]
    expect(shared.aborted).toBe(false)
    controllers[2]!.abort()
    await ends[2]
    expect(shared.aborted).toBe(true)
    void executor.run({ code: 'x' }, options)
    expect(inner.calls).toHaveLength(2)
  })

  test('wait each with its own signal and its own cancel()', async () => {
    const { inner, open } = waiting()
    const executor = withCache(inner)
    const running = ids.map((id) => executor.run({ code: 'x', id }, options))
    await executor.cancel?.(ids[0]!, 'enough')
    await executor.cancel?.(ids[0]!)
    expect(await running[0]).toMatchObject({ success: false, error: { code: 'CANCELLED' }, executionId: ids[0] })
    expect(inner.calls[0]!.options.signal?.aborted).toBe(false)
    open(1)
    expect(await Promise.all(running.slice(1))).toMatchObject([{ result: 1 }, { result: 1 }])
  })

  test('share no run across clear(), and the cache does not keep the result of the run before it', async () => {
    const { inner, open } = waiting()
    const executor = withCache(inner)
    const before = executor.run({ code: 'x' }, options)
    executor.clear()
    const after = executor.run({ code: 'x' }, options)
    expect(inner.calls).toHaveLength(2)
    open(1)
    await Promise.all([before, after])
    expect(await executor.run({ code: 'x' }, options)).toMatchObject({ source: 'cache' })
  })
})

test('a request that waits too long rejects with REQUEST_TIMEOUT, and an aborted request gets no cached value', async () => {
  vi.useFakeTimers()
  const executor = withCache(waiting().inner)
  const running = executor.run({ code: 'x' }, { ...options, requestTimeoutMs: 1_000 })
  await Promise.all([
    expect(running).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', ambiguous: true }),
    vi.advanceTimersByTimeAsync(1_000),
  ])
  expect(vi.getTimerCount()).toBe(0)
  const warm = withCache(counting())
  await warm.run({ code: 'x' }, options)
  const aborted = warm.run({ code: 'x' }, { ...options, signal: AbortSignal.abort() })
  await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED', ambiguous: false })
})

test('a cache hit has the events of an execution that starts and finishes; the run keeps its own', async () => {
  const inner = new MockExecutor({ defaultResult: 1 })
  const executor = withCache(inner)
  const told: [string, string][] = []
  const onEvent = ({ executionId, type }: ExecutionEvent) => void told.push([executionId, type])
  for (const id of ids) await executor.run({ code: 'x', id }, { ...options, onEvent })
  expect(told).toEqual(ids.flatMap((id) => ['started', 'finished'].map((type) => [id, type])))
  const read: string[] = []
  for await (const event of executor.events!(ids[2]!)) read.push(event.executionId)
  expect(read).toEqual([ids[0], ids[0]])
})

test.each([
  [() => withCache({} as never), 'An executor must be an object'],
  [() => withCache(new MockExecutor(), { ttlMs: -1 }), 'the option ttlMs'],
  [() => withCache(new MockExecutor(), { maxEntries: 0 }), 'the option maxEntries'],
  [() => withCache(new MockExecutor(), { ttlM: 5 } as never), 'did you mean ttlMs?'],
])('wrong arguments are refused with the corrected code, %$', (call, problem) => {
  expect(call).toThrow(ConfigurationError)
  expect(call).toThrow(problem)
  expect(call).toThrow('withCache(executor, { ttlMs: 300_000, maxEntries: 1_000 })')
})

test('when a shared run rejects, each waiting request gets an error with its own ids', async () => {
  const failed = Promise.withResolvers<Json>()
  const executor = withCache(new MockExecutor({ defaultResult: () => failed.promise }))
  const runs = ids.map((id) => executor.run({ code: 'x', id }, { ...options, correlationId: `correlation-of-${id}` }))
  const settled = Promise.allSettled(runs)
  failed.reject(new ExecutorConnectionError('gone', { executionId: ids[0], correlationId: `correlation-of-${ids[0]}` }))
  const errors = (await settled).map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as Error) : undefined,
  )
  expect(errors).toMatchObject(
    ids.map((id) => ({ message: 'gone', executionId: id, correlationId: `correlation-of-${id}` })),
  )
  expect(errors.every((error) => error instanceof ExecutorConnectionError)).toBe(true)
})
