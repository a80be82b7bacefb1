import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'

import { AdaptiveLimit } from './adaptive-limit.ts'
import { toStoreError } from './store-errors.ts'

const timeout = () => {
  const error = new DatabaseError('', 0, 'error')
  error.code = '57014'
  return toStoreError(error)
}

/** Returns a statement that changes rows until none is left, and at most `most` of them in time. */
function statementOf(rows: number, most: number) {
  const limits: number[] = []
  let left = rows
  const run = async (limit: number) => {
    limits.push(limit)
    if (Math.min(limit, left) > most) throw timeout()
    const count = Math.min(limit, left)
    left -= count
    return count
  }
  return { run, limits, left: () => left }
}

test('all rows are changed, in as few statements as the limit allows', async () => {
  const { run, limits, left } = statementOf(25, Infinity)
  await new AdaptiveLimit(10).repeat(run)
  expect(left()).toBe(0)
  expect(limits).toEqual([10, 10, 10])
})

test('the limit adapts to what a statement can do in time, and stays for the next call', async () => {
  const limit = new AdaptiveLimit(500)
  const first = statementOf(100, 20)
  await limit.repeat(first.run)
  expect(first.left()).toBe(0)
  expect(first.limits.slice(0, 6)).toEqual([500, 250, 125, 63, 32, 16])
  const second = statementOf(10, 20)
  await limit.repeat(second.run)
  expect(second.limits).toHaveLength(1)
  expect(second.limits[0]).toBeLessThan(40)
})

test('a single row that takes too long, and another error, end it', async () => {
  await expect(new AdaptiveLimit(4).repeat(statementOf(3, 0).run)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  const bug = new Error('bug')
  await expect(new AdaptiveLimit(4).repeat(() => Promise.reject(bug))).rejects.toBe(bug)
})

test('an aborted signal ends it', async () => {
  const closing = new AbortController()
  const { run, limits } = statementOf(Infinity, Infinity)
  const runThrice = (limit: number) => {
    if (limits.length === 2) closing.abort()
    return run(limit)
  }
  await new AdaptiveLimit(10).repeat(runThrice, closing.signal)
  expect(limits).toHaveLength(3)
})
