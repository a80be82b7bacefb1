import { RequestError } from '@codemode/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { EndedExecution } from '../../store/execution-store.ts'
import { headerOf } from '../state/journal.test-support.ts'
import { AttachedRecorder } from './attached-recorder.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const unavailable = new RequestError('STORE_UNAVAILABLE', '')

const endedOf = (id: string): EndedExecution => ({
  facts: {
    id,
    tenant: 'acme',
    owner: 'ann',
    keyId: 'key',
    correlationId: 'cor_1',
    bodyHash: '',
    isolation: 'tenant',
    reuseIsolates: true,
  },
  journal: { header: headerOf({ executionId: id }), entries: [] },
  end: { status: 'completed', finishedAt: 0 },
})

/** Returns a recorder over a store that answers as the function says, and what it did. */
function recorderOf(record: (ids: readonly string[]) => Promise<void> = async () => {}, isInUse = true) {
  const attempts: string[][] = []
  const recorded: string[] = []
  const reported: string[] = []
  const dropped: number[] = []
  const recorder = new AttachedRecorder({
    store: {
      isInUse,
      async record(executions) {
        const ids = executions.map(({ facts }) => facts.id)
        attempts.push(ids)
        await record(ids)
        recorded.push(...ids)
      },
    },
    onDropped: (count) => void dropped.push(count),
  })
  const add = (count: number, heapBytes = 1, from = 0) => {
    for (let n = from; n < from + count; n++)
      recorder.add(endedOf(`${n}`), { heapBytes, onRecorded: () => void reported.push(`${n}`) })
  }
  return { recorder, add, attempts, recorded, reported, dropped }
}

test('executions that end within a short time are recorded together', async () => {
  const { add, attempts } = recorderOf()
  add(3)
  await vi.advanceTimersByTimeAsync(200)
  add(2, 1, 3)
  await vi.advanceTimersByTimeAsync(200)
  expect(attempts).toEqual([
    ['0', '1', '2'],
    ['3', '4'],
  ])
})

test('a batch is bounded by number and by bytes', async () => {
  const { add, attempts } = recorderOf()
  add(150)
  add(2, 700_000)
  add(1, 5_000_000)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(attempts.map(({ length }) => length)).toEqual([100, 51, 1, 1])
})

test('nothing waits for a store that is not in use', async () => {
  const { recorder, add, attempts, dropped } = recorderOf(undefined, false)
  add(3)
  await recorder.close()
  expect({ attempts, dropped }).toEqual({ attempts: [], dropped: [] })
})

test('while the store answers nothing, a bounded number of executions waits, and the others are dropped and counted once in a while', async () => {
  const { add, attempts, dropped } = recorderOf(() => new Promise(() => {}))
  add(5_100)
  expect(attempts).toEqual([])
  await vi.advanceTimersByTimeAsync(4_999)
  add(10)
  expect(dropped).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(dropped).toEqual([110])
  expect(attempts).toHaveLength(1)
})

test('executions that would take too much memory are dropped', async () => {
  const { add, recorded, dropped } = recorderOf()
  add(3, 15 * 1024 * 1024)
  await vi.advanceTimersByTimeAsync(5_000)
  expect({ recorded, dropped }).toEqual({ recorded: ['0', '1'], dropped: [1] })
})

test('after an outage of the store, what waited is recorded', async () => {
  let isUp = false
  const { add, recorded, dropped } = recorderOf(async () => {
    if (!isUp) throw unavailable
  })
  add(10)
  await vi.advanceTimersByTimeAsync(2_500)
  isUp = true
  await vi.advanceTimersByTimeAsync(10_000)
  expect(recorded).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  expect(dropped).toEqual([])
})

test.each([
  ['a bug', new Error('wrong'), 1],
  ['a time-out', unavailable, 3],
])('%s with one execution does not keep the others', async (_what, error, attemptsAlone) => {
  const { add, attempts, recorded, reported, dropped } = recorderOf(async (ids) => {
    if (ids.includes('5')) throw error
  })
  add(10)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(recorded).toEqual(['0', '1', '2', '3', '4', '6', '7', '8', '9'])
  expect(reported).toEqual(recorded)
  expect(dropped).toEqual([1])
  expect(attempts.filter((ids) => ids.join() === '5')).toHaveLength(attemptsAlone)
})

test('closing records what waits, and drops what the store does not take soon', async () => {
  const good = recorderOf()
  good.add(250)
  await good.recorder.close()
  expect(good.recorded).toHaveLength(250)

  const stuck = recorderOf(() => new Promise(() => {}))
  stuck.add(150)
  const closed = stuck.recorder.close()
  await vi.advanceTimersByTimeAsync(2_000)
  await closed
  expect(stuck.dropped).toEqual([150])
})
