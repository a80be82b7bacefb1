import { expect, test } from 'vitest'

import { AgeQueue } from './age-queue.ts'

interface Item {
  readonly number: number
  isGone: boolean
}

function queueOf(count: number): { queue: AgeQueue<Item>; items: Item[]; leave: (index: number) => void } {
  const queue = new AgeQueue<Item>()
  const items = Array.from({ length: count }, (_, number) => ({ number, isGone: false }))
  for (const item of items) queue.add(item)
  return {
    queue,
    items,
    leave(index) {
      items[index]!.isGone = true
      queue.noteGone()
    },
  }
}

test('the oldest is the first item that has not left', () => {
  const { queue, items, leave } = queueOf(4)
  expect(queue.oldest).toBe(items[0])
  leave(1)
  expect(queue.oldest).toBe(items[0])
  leave(0)
  expect(queue.oldest).toBe(items[2])
  leave(2)
  leave(3)
  expect(queue.oldest).toBeUndefined()
})

test('the queue counts the items that have not left, in whatever order others leave', () => {
  const { queue, items, leave } = queueOf(1_000)
  for (let index = 999; index > 0; index -= 2) leave(index)
  expect(queue.size).toBe(500)
  for (let index = 0; index < 998; index += 2) leave(index)
  expect(queue.size).toBe(1)
  expect(queue.oldest).toBe(items[998])
  const late = { number: 1_000, isGone: false }
  queue.add(late)
  leave(998)
  expect(queue.oldest).toBe(late)
})
