import type { ExecutionSummary } from '@codemode/shared'
import { expect, test } from 'vitest'

import { firstPage, withNewFirstPage, withPage, withPageAgain } from './list-state.ts'

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

test('a further page comes behind the first one', () => {
  const first = firstPage({ items: [item(9), item(8)], nextCursor: 'c8' })
  const state = withPage(first, 'c8', { items: [item(7), item(6)], nextCursor: null })
  expect(idsOf(state)).toEqual([9, 8, 7, 6])
  expect(state).toMatchObject({ nextCursor: null, cursors: ['c8'] })
})

test('new executions come first, and changed ones are replaced', () => {
  const state = withPage(firstPage({ items: [item(9), item(8)], nextCursor: 'c8' }), 'c8', {
    items: [item(7)],
    nextCursor: null,
  })
  const next = withNewFirstPage(state, { items: [item(10), item(9, { status: 'completed' })], nextCursor: 'c9' })
  expect(idsOf(next)).toEqual([10, 9, 8, 7])
  expect(next.items[1]!.status).toBe('completed')
  expect(next.nextCursor).toBeNull()
})

test('an execution that does not match the filters any more leaves the list', () => {
  const state = firstPage({ items: [item(9), item(8), item(7)], nextCursor: null })
  expect(idsOf(withNewFirstPage(state, { items: [item(9), item(7)], nextCursor: null }))).toEqual([9, 7])
})

test('after so many new executions that some were missed, the list begins anew', () => {
  const state = withPage(firstPage({ items: [item(2)], nextCursor: 'c2' }), 'c2', {
    items: [item(1)],
    nextCursor: null,
  })
  const next = withNewFirstPage(state, { items: [item(20), item(19)], nextCursor: 'c19' })
  expect(idsOf(next)).toEqual([20, 19])
  expect(next).toMatchObject({ nextCursor: 'c19', cursors: [] })
})

test('an older page that is read again replaces its executions', () => {
  const state = withPage(firstPage({ items: [item(2)], nextCursor: 'c2' }), 'c2', {
    items: [item(1)],
    nextCursor: null,
  })
  const next = withPageAgain(state, { items: [item(1, { status: 'failed' })], nextCursor: null })
  expect(next.items[1]!.status).toBe('failed')
})
