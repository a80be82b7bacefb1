import fc from 'fast-check'
import { expect, test } from 'vitest'

import { FairQueue } from './fair-queue.ts'

interface Arrival {
  readonly owner: string
  readonly priority: number
  readonly isRemoved: boolean
}

const owners = ['a', 'b', 'c', 'd']
const arrivals = fc.array(
  fc.record({
    owner: fc.constantFrom(...owners),
    priority: fc.integer({ min: -2, max: 2 }),
    isRemoved: fc.boolean(),
  }),
  { maxLength: 40 },
)

function drain<Item>(queue: FairQueue<string, Item>): Item[] {
  const taken: Item[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
  return taken
}

function queueOf(...entries: [owner: string, priority: number, item: string][]): FairQueue<string, string> {
  const queue = new FairQueue<string, string>()
  for (const [owner, priority, item] of entries) queue.add(owner, priority, item)
  return queue
}

test('every item that is not removed is taken once, per owner by priority and then by arrival', () => {
  fc.assert(
    fc.property(arrivals, (all) => {
      const queue = new FairQueue<string, Arrival>()
      for (const arrival of all) queue.add(arrival.owner, arrival.priority, arrival)
      for (const arrival of all) if (arrival.isRemoved) queue.remove(arrival.owner, arrival)
      const kept = all.filter(({ isRemoved }) => !isRemoved)
      expect(queue.size).toBe(kept.length)
      for (const owner of owners) expect(queue.sizeOf(owner)).toBe(kept.filter((each) => each.owner === owner).length)
      const taken = drain(queue)
      for (const owner of owners) {
        expect(taken.filter((each) => each.owner === owner)).toEqual(
          kept.filter((each) => each.owner === owner).toSorted((one, other) => other.priority - one.priority),
        )
        expect(queue.sizeOf(owner)).toBe(0)
      }
      expect(queue.size).toBe(0)
    }),
  )
})

test('no owner gets a second turn before every owner in the queue has had one', () => {
  fc.assert(
    fc.property(arrivals, (all) => {
      const queue = new FairQueue<string, string>()
      const left = new Map<string, number>()
      for (const { owner, priority } of all) {
        queue.add(owner, priority, owner)
        left.set(owner, (left.get(owner) ?? 0) + 1)
      }
      const turns = new Map([...left.keys()].map((owner) => [owner, 0]))
      for (const owner of drain(queue)) {
        turns.set(owner, turns.get(owner)! + 1)
        left.set(owner, left.get(owner)! - 1)
        const waiting = [...left].filter(([, count]) => count > 0).map(([each]) => turns.get(each)!)
        for (const each of waiting) expect(each).toBeGreaterThanOrEqual(turns.get(owner)! - 1)
      }
    }),
  )
})

test('an object is an owner by its identity', () => {
  const queue = new FairQueue<object, string>()
  const [one, other] = [{}, {}]
  for (const item of ['a1', 'a2', 'a3']) queue.add(one, 0, item)
  queue.add(other, 0, 'b1')
  expect(Array.from({ length: 5 }, () => queue.take())).toEqual(['a1', 'b1', 'a2', 'a3', undefined])
})

test('an owner whose first item is not acceptable is passed over and keeps its turn', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'], ['b', 0, 'b1'], ['b', 0, 'b2'])
  expect(queue.take((item) => item !== 'a1')).toBe('b1')
  expect(drain(queue)).toEqual(['a1', 'b2', 'a2'])
})

test('no later item of an owner is taken while its first item is not acceptable', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'])
  expect(queue.take((item) => item !== 'a1')).toBe(undefined)
  expect(queue.size).toBe(2)
})

test('an owner that returns to the queue takes its turn after the owners in it', () => {
  const queue = queueOf(['a', 0, 'a1'], ['b', 0, 'b1'], ['b', 0, 'b2'])
  expect(queue.take()).toBe('a1')
  queue.add('a', 100, 'a2')
  expect(drain(queue)).toEqual(['b1', 'a2', 'b2'])
})

test('removing an item that is not in the queue does nothing', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'], ['b', 0, 'b1'])
  for (const item of ['a1', 'a1', 'b1', 'nowhere']) queue.remove('a', item)
  queue.remove('stranger', 'a2')
  expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b')]).toEqual([2, 1, 1])
  queue.remove('b', 'b1')
  expect(drain(queue)).toEqual(['a2'])
})
