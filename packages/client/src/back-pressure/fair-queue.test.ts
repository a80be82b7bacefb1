import fc from 'fast-check'
import { expect, test } from 'vitest'

import { FairQueue } from './fair-queue.ts'

const run = (name: string) => Object.assign(() => Promise.resolve(name), { toString: () => name })
const order = (queue: FairQueue): string[] => Array.from({ length: queue.size }, () => String(queue.dequeue()))

test('views take turns, and a view does not wait for the whole queue of another', () => {
  const queue = new FairQueue()
  const [a, b] = [{}, {}]
  for (const name of ['a1', 'a2', 'a3']) queue.enqueue(run(name), { view: a })
  queue.enqueue(run('b1'), { view: b })
  expect(order(queue)).toEqual(['a1', 'b1', 'a2', 'a3'])
  expect(queue.dequeue()).toBeUndefined()
})

test("the queue orders a view's executions by priority, then by arrival", () => {
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

test('an execution can leave the queue or change its priority', () => {
  const queue = new FairQueue()
  for (const id of ['one', 'two', 'three']) queue.enqueue(run(id), { id })
  queue.remove('two')
  queue.remove('nobody')
  queue.setPriority('three', 1)
  expect(queue.filter({ priority: 1 }).map(String)).toEqual(['three'])
  expect(order(queue)).toEqual(['three', 'one'])
})

test('the queue keeps the order of priority and arrival when executions leave', () => {
  const places = fc.array(fc.record({ priority: fc.integer({ min: -2, max: 2 }), stays: fc.boolean() }))
  fc.assert(
    fc.property(places, (given) => {
      const queue = new FairQueue()
      const all = given.map((place, index) => ({ ...place, id: String(index) }))
      for (const { id, priority } of all) queue.enqueue(run(id), { id, priority })
      for (const { id, stays } of all) if (!stays) queue.remove(id)
      const left = all.filter(({ stays }) => stays).toSorted((a, b) => b.priority - a.priority)
      expect(order(queue)).toEqual(left.map(({ id }) => id))
      expect(queue.size).toBe(0)
    }),
  )
})
