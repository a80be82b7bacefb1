import { describe, expect, test } from 'vitest'

import { connect, startExecutor, toolLatch, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test('concurrent executions give their values in the order of the input', { tags: ['EX-2'] }, async () => {
  const values = await Promise.all([1, 2, 3].map((input) => suite.codemode.executeAsync('return input * 2', { input })))
  expect(values).toEqual([2, 4, 6])
})

test(
  'executeAll keeps the order of the input, however long it is, and accepts any iterable of code',
  { tags: ['EX-2'] },
  async () => {
    const numbers = Array.from({ length: 150 }, (_, index) => index)
    const results = await suite.codemode.executeAll(new Set(numbers.map((number) => `return ${number}`)))
    expect(results.map((result) => result.success && result.result)).toEqual(numbers)
    expect(await suite.codemode.executeAll([])).toEqual([])
  },
)

test('one failed execution of executeAll does not affect the others', { tags: ['EX-2'] }, async () => {
  const results = await suite.codemode.executeAll([
    'return 1',
    'throw new RangeError("mine")',
    'return (',
    `return ${' '.repeat(300_000)} 2`,
    'await new Promise(() => {})',
    'return 6',
  ])
  expect(results.map((result) => (result.success ? result.result : 'error' in result && result.error.code))).toEqual([
    1,
    'GUEST_ERROR',
    'SYNTAX_ERROR',
    'PAYLOAD_TOO_LARGE',
    'NEVER_SETTLES',
    6,
  ])
})

test('no execution sees changes that another makes to its globals', { tags: ['EX-2'] }, async () => {
  const spoil = `
    globalThis.mark = 1
    Object.prototype.mark = 2
    Array.prototype.map = () => 'spoiled'
    JSON.stringify = Math.max = Promise.all = () => 'spoiled'
    await sleep(1)
    return 'spoiled'`
  const look = `
    await sleep(1)
    return [typeof mark, {}.mark ?? null, [1].map((n) => n), JSON.stringify(1), Math.max(1, 2), await Promise.all([3])]`
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => suite.codemode.executeAsync(index % 2 === 0 ? spoil : look)),
  )
  const looks = results.filter((_, index) => index % 2 === 1)
  for (const seen of looks) expect(seen).toEqual(['undefined', null, [1], '1', 2, [3]])
})

describe.each(transports)('over the $transport transport', ({ config }) => {
  test.each([1, 10, 100])('%i executions wait for their tools at the same time', { tags: ['EX-3'] }, async (count) => {
    const { enter, arrived, open, signals } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const inputs = Array.from({ length: count }, (_, index) => index)
    const values = Promise.all(inputs.map((input) => client.executeAsync('tools.enter(input)', { input })))
    await arrived(count)
    open()
    expect(await values).toEqual(inputs)
    expect(signals).toHaveLength(count)
  })

  test('executions that end in the reverse order keep the order of the input', { tags: ['EX-2', 'EX-3'] }, async () => {
    const releases = new Map<number, () => void>()
    const all = Promise.withResolvers<void>()
    const hold = async (index: number) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      releases.set(index, resolve)
      if (releases.size === 8) all.resolve()
      await promise
      return index * 10
    }
    await using client = connect(suite.executor, { ...config, tools: { hold } })
    const settled: number[] = []
    const values = Promise.all(
      Array.from({ length: 8 }, async (_, input) => {
        const value = await client.executeAsync('tools.hold(input)', { input })
        settled.push(input)
        releases.get(input - 1)?.()
        return value
      }),
    )
    await all.promise
    releases.get(7)!()
    expect(await values).toEqual([0, 10, 20, 30, 40, 50, 60, 70])
    expect(settled).toEqual([7, 6, 5, 4, 3, 2, 1, 0])
  })

  test('waiting executions hold no CPU slot, so that others run at once', { tags: ['EX-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const waiting = Promise.all(Array.from({ length: 50 }, () => client.executeAsync('tools.enter(1)')))
    await arrived(50)
    expect(await client.executeAsync('let sum = 0; for (let i = 0; i < 1e5; i++) sum += i; return sum')).toBe(
      4_999_950_000,
    )
    open()
    expect(await waiting).toEqual(Array.from({ length: 50 }, () => 1))
  })

  test("the caller's event loop does not stall while 100 executions wait", { tags: ['EX-4'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(suite.executor, { ...config, tools: { enter } })
    const values = Promise.all(Array.from({ length: 100 }, () => client.executeAsync('tools.enter(1)')))
    await arrived(100)
    let isOver = false
    void values.then(() => (isOver = true))
    // Only the ticker lets the executions continue, and it never fires in a blocked event loop.
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
      if (ticks === 40) open()
    }, 10)
    expect(isOver).toBe(false)
    expect(await values).toHaveLength(100)
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(40)
  })
})

test("the caller's event loop does not stall during the backoff of a retry", { tags: ['EX-4'] }, async () => {
  const gone = await startExecutor({ sandboxProcesses: 1 })
  await gone.close({ drainMs: 0 })
  await using client = connect(gone, { retry: { maxAttempts: 2, backoffBaseMs: 60_000, backoffMaxMs: 60_000 } })
  const abort = new AbortController()
  client.on('retry', () => {
    // Only the ticker ends the backoff, and it never fires in a blocked event loop.
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
      if (ticks < 40) return
      clearInterval(timer)
      abort.abort()
    }, 10)
  })
  await expect(client.executeAsync('return 1', { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
})
