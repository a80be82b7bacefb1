import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'

import { FairQueue } from './fair-queue.ts'

const all = () => true

function drain<Item>(queue: FairQueue<Item>): Item[] {
  const taken: Item[] = []
  for (let item = queue.take(all); item !== undefined; item = queue.take(all)) taken.push(item)
  return taken
}

function queueOf(...entries: [tenant: string, priority: number, item: string][]): FairQueue<string> {
  const queue = new FairQueue<string>()
  for (const [tenant, priority, item] of entries) queue.add(tenant, priority, item)
  return queue
}

const arrivals = array(record({ tenant: constantFrom('a', 'b', 'c', 'd'), priority: integer({ min: -2, max: 2 }) }), {
  maxLength: 40,
})

test('every item is taken once, for each tenant by priority and then by arrival', () => {
  assert(
    property(arrivals, (entries) => {
      const queue = new FairQueue<(typeof entries)[number]>()
      for (const entry of entries) queue.add(entry.tenant, entry.priority, entry)
      expect(queue.size).toBe(entries.length)
      const taken = drain(queue)
      for (const tenant of ['a', 'b', 'c', 'd']) {
        const own = entries.filter((entry) => entry.tenant === tenant)
        expect(taken.filter((entry) => entry.tenant === tenant)).toEqual(
          own.toSorted((one, other) => other.priority - one.priority),
        )
        expect(queue.sizeOf(tenant)).toBe(0)
      }
      expect(queue.size).toBe(0)
    }),
  )
})

test('no tenant gets a second turn before every waiting tenant has had one', () => {
  assert(
    property(arrivals, (entries) => {
      const queue = new FairQueue<string>()
      const left = new Map<string, number>()
      for (const { tenant, priority } of entries) {
        queue.add(tenant, priority, tenant)
        left.set(tenant, (left.get(tenant) ?? 0) + 1)
      }
      const turns = new Map([...left.keys()].map((tenant) => [tenant, 0]))
      for (let tenant = queue.take(all); tenant !== undefined; tenant = queue.take(all)) {
        turns.set(tenant, turns.get(tenant)! + 1)
        left.set(tenant, left.get(tenant)! - 1)
        const waiting = [...left].filter(([, count]) => count > 0).map(([each]) => turns.get(each)!)
        for (const each of waiting) expect(each).toBeGreaterThanOrEqual(turns.get(tenant)! - 1)
      }
    }),
  )
})

test('a tenant whose first item is not acceptable is skipped and keeps its turn', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'], ['b', 0, 'b1'], ['b', 0, 'b2'])
  expect(queue.take((item) => item !== 'a1')).toBe('b1')
  expect(drain(queue)).toEqual(['a1', 'b2', 'a2'])
})

test('no other item replaces a first item that is not acceptable', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'])
  expect(queue.take((item) => item !== 'a1')).toBe(undefined)
  expect(queue.size).toBe(2)
})

test('a tenant that returns queues behind those that wait', () => {
  const queue = queueOf(['a', 0, 'a1'], ['b', 0, 'b1'], ['b', 0, 'b2'])
  expect(queue.take(all)).toBe('a1')
  queue.add('a', 100, 'a2')
  expect(drain(queue)).toEqual(['b1', 'a2', 'b2'])
})

test('a removed item is not taken, and removing it again does nothing', () => {
  const queue = queueOf(['a', 0, 'a1'], ['a', 0, 'a2'], ['b', 0, 'b1'])
  for (const item of ['a1', 'a1', 'b1', 'nowhere']) queue.remove('a', item)
  queue.remove('stranger', 'a2')
  expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b')]).toEqual([2, 1, 1])
  queue.remove('b', 'b1')
  expect(drain(queue)).toEqual(['a2'])
})
