import { expect, test } from 'vitest'

import { Batcher } from './batcher.ts'

/** Returns a batcher that doubles numbers, and the batches that it runs. It fails with a batch that has the number 13. */
function doubling({ maxItems = 10, isOfOneItem = true, gatherMs = 0 } = {}) {
  const batches: (readonly number[])[] = []
  const batcher = new Batcher<number, number>({
    maxItems,
    ...(gatherMs > 0 && { gatherMs }),
    isOfOneItem: () => isOfOneItem,
    async run(items) {
      batches.push(items)
      await Promise.resolve()
      if (items.includes(13)) throw new Error('13')
      return items.map((item) => 2 * item)
    },
  })
  return { batcher, batches }
}

test('items that arrive together, or while a batch is under way, are one batch', async () => {
  const { batcher, batches } = doubling({ maxItems: 3 })
  expect(await Promise.all([1, 2, 3, 4].map((item) => batcher.run(item)))).toEqual([2, 4, 6, 8])
  expect(await batcher.run(5)).toBe(10)
  expect(batches).toEqual([[1, 2, 3], [4], [5]])
})

test('an item that fails does not fail the others of its batch', async () => {
  const { batcher, batches } = doubling()
  const settled = await Promise.allSettled([1, 13, 2].map((item) => batcher.run(item)))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(batches).toEqual([[1, 13, 2], [1], [13], [2]])
})

test('a failure that is not of one item fails the batch at once', async () => {
  const { batcher, batches } = doubling({ isOfOneItem: false })
  const settled = await Promise.allSettled([1, 13].map((item) => batcher.run(item)))
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(batches).toHaveLength(1)
})

test('items that arrive in the time for gathering are one batch', async () => {
  const { batcher, batches } = doubling({ gatherMs: 20 })
  const first = batcher.run(1)
  await new Promise(setImmediate)
  expect(await Promise.all([first, batcher.run(2)])).toEqual([2, 4])
  expect(batches).toEqual([[1, 2]])
})
