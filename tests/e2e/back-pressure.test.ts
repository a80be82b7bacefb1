import { expect, test } from 'vitest'

import { apiKey, connect, startProxy, toolLatch } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test('no more executions run at a time than concurrency allows, and all of them run', { tags: ['CL-2'] }, async () => {
  const { enter, arrived, open, signals } = toolLatch()
  await using client = connect(suite.executor, { concurrency: 3, queueTimeoutMs: 60_000, tools: { enter } })
  let most = 0
  client.on('start', () => (most = Math.max(most, client.stats().running)))
  const all = Promise.all(Array.from({ length: 30 }, () => client.executeAsync('tools.enter()')))
  await arrived(3)
  expect(client.stats()).toMatchObject({ running: 3, pending: 27, concurrency: 3 })
  open()
  await all
  expect({ most, calls: signals.length }).toEqual({ most: 3, calls: 30 })
})

test('the views of one client take turns, so that no view starves another', { tags: ['CL-2'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  const order: string[] = []
  const note = (_: unknown, { context }: { context: { readonly [key: string]: unknown } }) =>
    order.push(String(context['view']))
  await using client = connect(suite.executor, { concurrency: 1, tools: { enter, note } })
  const first = client.executeAsync('tools.enter()')
  await arrived()
  const greedy = client.withContext({ view: 'greedy' })
  const modest = client.withContext({ view: 'modest' })
  const all = Array.from({ length: 20 }, () => greedy.executeAsync('tools.note()'))
  all.push(modest.executeAsync('tools.note()'))
  open()
  await Promise.all([first, ...all])
  expect(order).toHaveLength(21)
  expect(order.indexOf('modest')).toBeLessThanOrEqual(1)
})

test('a higher priority of the same view starts first', { tags: ['CL-2'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  const order: unknown[] = []
  const note = (input: unknown) => order.push(input)
  await using client = connect(suite.executor, { concurrency: 1, tools: { enter, note } })
  const first = client.executeAsync('tools.enter()')
  await arrived()
  const all = [0, -5, 10].map((priority) => client.executeAsync('tools.note(input)', { input: priority, priority }))
  open()
  await Promise.all([first, ...all])
  expect(order).toEqual([10, 0, -5])
})

test(
  'an execution that waits too long in the client’s queue fails with QUEUE_TIMEOUT and never runs',
  { tags: ['CL-2', 'RT-3'] },
  async () => {
    const { enter, arrived, open } = toolLatch()
    let ran = 0
    await using client = connect(suite.executor, { concurrency: 1, tools: { enter, count: () => (ran += 1) } })
    const first = client.executeAsync('tools.enter()')
    await arrived()
    await expect(client.executeAsync('tools.count()', { queueTimeoutMs: 20 })).rejects.toMatchObject({
      name: 'ExecutorTimeoutError',
      code: 'QUEUE_TIMEOUT',
      layer: 'queue',
      timeoutMs: 20,
      option: 'queueTimeoutMs',
      ambiguous: false,
    })
    open()
    await first
    expect(ran).toBe(0)
  },
)

test('a full queue refuses the next execution and says what to do', { tags: ['CL-2'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using client = connect(suite.executor, { concurrency: 1, maxPending: 2, tools: { enter } })
  const all = [client.executeAsync('tools.enter()')]
  await arrived()
  all.push(client.executeAsync('1'), client.executeAsync('2'))
  await expect(client.executeAsync('3')).rejects.toMatchObject({
    code: 'OVERLOADED',
    ambiguous: false,
    suggestion: expect.stringContaining('maxPending') as string,
  })
  open()
  await Promise.all(all)
})

test(
  'an execution that is cancelled in the queue never runs, and frees its place for another execution',
  { tags: ['CL-2', 'EX-9'] },
  async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { concurrency: 1, tools: { enter } })
    const first = client.executeAsync('tools.enter()')
    await arrived()
    const controller = new AbortController()
    const waiting = client.executeAsync('tools.enter()', { signal: controller.signal })
    const after = client.executeAsync('return 2')
    expect(client.stats()).toMatchObject({ pending: 2, running: 1 })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
    open()
    await first
    expect(await after).toBe(2)
    expect(client.stats()).toMatchObject({ total: 3, pending: 0, running: 0, successful: 2, cancelled: 1 })
  },
)

test('rateLimit starts at most its number of executions in any window', { tags: ['CL-2'] }, async () => {
  const perMs = 300
  await using client = connect(suite.executor, { rateLimit: { requests: 3, perMs } })
  const starts: number[] = []
  const begunAt = performance.now()
  client.on('start', () => starts.push(performance.now() - begunAt))
  const values = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((input) => client.executeAsync('return input', { input })))
  expect(values).toEqual([1, 2, 3, 4, 5, 6, 7])
  // The first three begin in the first window or later, the next three in the second or later, and so on.
  const early = starts.filter((atMs, index) => atMs < Math.floor(index / 3) * perMs - 1)
  expect({ starts: starts.length, early }).toEqual({ starts: 7, early: [] })
})

test(
  'adaptive concurrency grows while the executor is fast, and shrinks when it refuses',
  { tags: ['CL-2'] },
  async () => {
    let isBusy = false
    await using proxy = await startProxy(suite.executor, () => (isBusy ? { status: 503 } : 'pass'))
    await using client = connect(proxy, { executorApiKey: apiKey, concurrency: { min: 1, max: 6 }, retry: false })
    expect(client.stats().concurrency).toBe(1)
    client.on('settle', () => {
      if (client.stats().concurrency! > 2) isBusy = true
    })
    // On a busy machine the executor is not fast all the time.
    await expect
      .poll(async () => {
        await client.executeAll(Array.from({ length: 60 }, () => 'return 1'))
        return isBusy
      })
      .toBe(true)
    await client.executeAll(Array.from({ length: 20 }, () => 'return 1'))
    expect(client.stats().concurrency).toBe(1)
  },
)

test('with concurrency 1 and maxPending 0, one execution runs, the next is refused', { tags: ['CL-2'] }, async () => {
  const { enter, arrived, open } = toolLatch()
  await using client = connect(suite.executor, { concurrency: 1, maxPending: 0, tools: { enter } })
  const first = client.executeAsync('tools.enter()')
  await arrived()
  await expect(client.executeAsync('2')).rejects.toMatchObject({ code: 'OVERLOADED' })
  open()
  await first
})

test("the waiting executions of a batch leave the queue's places to others", { tags: ['CL-2', 'EX-2'] }, async () => {
  await using client = connect(suite.executor, { rateLimit: { requests: 10, perMs: 50 }, maxPending: 1 })
  const batch = client.executeAll(Array.from({ length: 40 }, () => '1'))
  await expect.poll(() => client.stats().pending).toBeGreaterThan(1)
  expect(await client.withContext({ who: 'else' }).executeAsync('2')).toBe(2)
  expect(await batch).toHaveLength(40)
})

test('a batch of thousands lets other executions start in between', { tags: ['CL-2', 'EX-2'] }, async () => {
  await using client = connect(suite.executor, { concurrency: 8, maxPending: 4 })
  let settled = 0
  const codes = Array.from({ length: 1_000 }, (_, index) => `return ${index}`)
  const batch = client.executeAll(codes, { onProgress: (progress) => (settled = progress.settled) })
  expect(await client.withContext({ who: 'else' }).executeAsync('return "in between"')).toBe('in between')
  expect(settled).toBeLessThan(1_000)
  expect((await batch).map((result) => result.success && result.result)).toEqual(codes.map((_, index) => index))
})

test(
  'a batch waits in the queue beyond the queue timeout of single executions',
  { tags: ['CL-2', 'EX-2'] },
  async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { concurrency: 1, tools: { enter } })
    const first = client.executeAsync('tools.enter()')
    await arrived()
    const batch = client.executeAll(['return 1', 'return 2'], { queueTimeoutMs: 500 })
    await expect(client.executeAsync('return 3', { queueTimeoutMs: 1_000 })).rejects.toMatchObject({ layer: 'queue' })
    open()
    await first
    expect(await batch).toMatchObject([{ result: 1 }, { result: 2 }])
  },
)

test('the client refuses contradictory bounds with the corrected code', { tags: ['CL-2'] }, () => {
  for (const concurrency of [0, 1.5, { min: 5, max: 2 }, { most: 3 }]) {
    expect(() => connect(suite.executor, { concurrency: concurrency as never })).toThrow(/concurrency/)
  }
  expect(() => connect(suite.executor, { rateLimit: { requests: 1 } as never })).toThrow(/rateLimit\.perMs/)
})
