import type { ExecutionSummary } from '@codemode/shared'
import { expect, test } from 'vitest'

import { firstPage, isEndOf, notNewerThan, withMore, withNewest, withPageAgain } from './list-state.ts'

const item = (second: number, more: Partial<ExecutionSummary> = {}): ExecutionSummary => ({
  executionId: `exe_${String(second).padStart(3, '0')}`,
  correlationId: 'cor_1',
  status: 'running',
  detached: true,
  owner: 'ann',
  createdAt: new Date(second * 1_000).toISOString(),
  ...more,
})
const idsOf = ({ items }: { items: readonly ExecutionSummary[] }) =>
  items.map(({ createdAt }) => Date.parse(createdAt) / 1_000)

const twoPages = withMore(firstPage({ items: [item(9), item(8)], nextCursor: 'c8' }), {
  items: [item(7), item(6)],
  nextCursor: null,
})

test('a further page comes behind the first one', () => {
  expect(idsOf(twoPages)).toEqual([9, 8, 7, 6])
  expect(twoPages.nextCursor).toBeNull()
})

test('new executions come first, and changed ones are replaced', () => {
  const next = withNewest(twoPages, { items: [item(10), item(9, { status: 'completed' })], nextCursor: 'c9' }, false)
  expect(idsOf(next)).toEqual([10, 9, 8, 7, 6])
  expect(next.items[1]!.status).toBe('completed')
  expect(next.nextCursor).toBeNull()
})

test('an execution that does not match the filters any more leaves the list, on every page', () => {
  const first = withNewest(twoPages, { items: [item(9), item(7)], nextCursor: 'c7' }, false)
  expect(idsOf(first)).toEqual([9, 7, 6])
  const second = withPageAgain(first, { items: [], nextCursor: null }, item(7))
  expect(idsOf(second)).toEqual([9, 7])
})

test('a page in the middle changes nothing before and behind it', () => {
  const long = withMore(twoPages, { items: [item(5), item(4)], nextCursor: 'c4' })
  const next = withPageAgain(long, { items: [item(7, { status: 'failed' }), item(5)], nextCursor: 'c5' }, item(8))
  expect(idsOf(next)).toEqual([9, 8, 7, 5, 4])
  expect(next).toMatchObject({ nextCursor: 'c4' })
  expect(next.items[2]!.status).toBe('failed')
})

test('after so many new executions that some were missed, the list begins anew, or keeps them apart while it is held', () => {
  const page = { items: [item(20), item(19)], nextCursor: 'c19' }
  expect(withNewest(twoPages, page, false)).toEqual(firstPage(page))
  const held = withNewest(twoPages, page, true)
  expect(idsOf(held)).toEqual([9, 8, 7, 6])
  expect(held.newest).toEqual(page)
})

test('a list that is held ends with the executions that were its newest', () => {
  const next = withNewest(twoPages, { items: [item(10), item(9)], nextCursor: 'c9' }, true)
  expect(notNewerThan(next.items, item(9)).map(({ executionId }) => executionId)).toEqual(
    twoPages.items.map(({ executionId }) => executionId),
  )
})

test('the end of a list is its last execution and everything behind it', () => {
  expect([item(7), item(6), item(5), undefined].map((one) => isEndOf(twoPages, one))).toEqual([false, true, true, true])
})
