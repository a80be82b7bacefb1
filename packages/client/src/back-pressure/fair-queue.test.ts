import { expect, test } from 'vitest'

import { FairQueue } from './fair-queue.ts'

const run = (name: string) => Object.assign(() => Promise.resolve(name), { toString: () => name })
const order = (queue: FairQueue): string[] => Array.from({ length: queue.size }, () => String(queue.dequeue()))

test('views take turns, and none waits for all of another', () => {
  const queue = new FairQueue()
  const [a, b] = [{}, {}]
  for (const name of ['a1', 'a2', 'a3']) queue.enqueue(run(name), { view: a })
  queue.enqueue(run('b1'), { view: b })
  expect(order(queue)).toEqual(['a1', 'b1', 'a2', 'a3'])
  expect(queue.dequeue()).toBeUndefined()
})

test('within a view the higher priority goes first, then the earlier arrival', () => {
  const queue = new FairQueue()
  for (const [name, priority] of [
    ['low', -1],
    ['first', 0],
    ['second', 0],
    ['high', 5],
  ] as const) {
    queue.enqueue(run(name), { priority })
  }
  expect(order(queue)).toEqual(['high', 'first', 'second', 'low'])
})

test('a place can be given up, or its priority be changed', () => {
  const queue = new FairQueue()
  for (const id of ['one', 'two', 'three']) queue.enqueue(run(id), { id })
  queue.remove('two')
  queue.remove('nobody')
  queue.setPriority('three', 1)
  expect(queue.filter({ priority: 1 }).map(String)).toEqual(['three'])
  expect(order(queue)).toEqual(['three', 'one'])
})
