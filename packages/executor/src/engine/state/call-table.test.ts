import { expect, test } from 'vitest'

import { CallTable, type CallState } from './call-table.ts'

const numbersOf = (calls: readonly CallState[]): number[] => calls.map(({ number }) => number)
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n)

/** Returns a table of calls that have the places in flight that are free. */
function tableOf(count: number, maxInFlight = 32): CallTable {
  const table = new CallTable(maxInFlight)
  for (const call of range(1, count)) table.add({ call, tool: 'echo', input: '{}' }, { isRefused: false })
  table.takePlaces(0)
  return table
}

test(
  'calls get their places in flight in order, and a settled call gives its place to the next',
  { tags: ['TL-4'] },
  () => {
    const table = new CallTable(2)
    for (const call of range(1, 4)) table.add({ call, tool: 'echo', input: '{}' }, { isRefused: false })
    expect(numbersOf(table.takePlaces(5))).toEqual([1, 2])
    expect(table.takePlaces(5)).toEqual([])
    expect(table.settle(2, 9, { status: 'completed' })).toMatchObject({ status: 'completed', sentAt: 5, durationMs: 4 })
    expect(numbersOf(table.takePlaces(9))).toEqual([3])
    expect(table.all.map(({ status }) => status)).toEqual(['running', 'completed', 'running', 'queued'])
    expect(table.openCount).toBe(3)
  },
)

test('a refused call is open but gets no place in flight', () => {
  const table = new CallTable(1)
  table.add({ call: 1, tool: 'unknown', input: '{}' }, { isRefused: true })
  table.add({ call: 2, tool: 'echo', input: '{}' }, { isRefused: false })
  expect(numbersOf(table.takePlaces(0))).toEqual([2])
  const refused = table.settle(1, 5, { status: 'failed', errorCode: 'TOOL_NOT_ALLOWED' })
  expect(refused).toMatchObject({ status: 'failed', errorCode: 'TOOL_NOT_ALLOWED', durationMs: 0 })
  expect(table.takePlaces(5)).toEqual([])
})

test('the end cancels all open calls, and gives no places', () => {
  const table = tableOf(3, 2)
  table.settle(1, 1, { status: 'completed' })
  expect(table.cancelOpen(4).map(({ number, status, durationMs }) => [number, status, durationMs])).toEqual([
    [2, 'cancelled', 4],
    [3, 'cancelled', 0],
  ])
  expect(table.openCount).toBe(0)
  expect(table.takePlaces(4)).toEqual([])
})

test('a second answer to a call is a bug', () => {
  const table = tableOf(1)
  table.settle(1, 0, { status: 'completed' })
  expect(table.open(1)).toBe(undefined)
  expect(() => table.settle(1, 0, { status: 'completed' })).toThrow('The journal refers to call 1, which is not open')
})

test('the first hundred open calls are listed in order while calls are made and answered', () => {
  const table = tableOf(130)
  expect(numbersOf(table.firstOpen())).toEqual(range(1, 100))
  for (const call of [1, 3, 32]) table.settle(call, 0, { status: 'completed' })
  expect(numbersOf(table.firstOpen())).toEqual([2, ...range(4, 31), ...range(33, 103)])
  table.add({ call: 131, tool: 'echo', input: '{}' }, { isRefused: false })
  expect(table.firstOpen()).toHaveLength(100)
  table.cancelOpen(0)
  expect(table.firstOpen()).toEqual([])
  table.add({ call: 132, tool: 'echo', input: '{}' }, { isRefused: false })
  expect(numbersOf(table.firstOpen())).toEqual([132])
})

test('fifty thousand calls are settled in order while the first stays open', () => {
  const count = 50_000
  const table = tableOf(count)
  const wrong: unknown[] = []
  for (let call = 2; call <= count; call++) {
    table.settle(call, 0, { status: 'completed' })
    table.takePlaces(0)
    const [first, second] = numbersOf(table.firstOpen())
    if (first !== 1 || second !== (call < count ? call + 1 : undefined)) wrong.push([call, first, second])
  }
  expect(wrong).toEqual([])
  expect(table.openCount).toBe(1)
})
