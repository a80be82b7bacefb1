import { array, assert, boolean, constant, integer, nat, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'

import { capturePrimordials } from './primordials.ts'
import { createTimerHeap, type Timer } from './timer-heap.ts'

const p = capturePrimordials()
const timerOf = (id: number, due: number): Timer => ({
  id,
  due,
  callback: () => {},
  everyMs: 0,
  cleared: false,
  reject: undefined,
})

const byDueThenId = (a: Timer, b: Timer) => a.due - b.due || a.id - b.id

/** Takes all timers and returns them in the heap's order. */
function drain(heap: ReturnType<typeof createTimerHeap>): Timer[] {
  const taken: Timer[] = []
  for (let timer = heap.peek(); timer !== undefined; timer = heap.peek()) {
    taken.push(timer)
    heap.take()
  }
  return taken
}

test('the heap returns timers by due time and then by id, without cleared ones', () => {
  assert(
    property(array(record({ due: nat(20), cleared: boolean() }), { maxLength: 60 }), (each) => {
      const heap = createTimerHeap(p)
      const timers = each.map(({ due }, id) => timerOf(id, due))
      for (const timer of timers) heap.add(timer)
      for (const [id, { cleared }] of each.entries()) timers[id]!.cleared = cleared
      expect(drain(heap)).toEqual(timers.filter((timer) => !timer.cleared).sort(byDueThenId))
      expect(heap.peek()).toBe(undefined)
    }),
  )
})

test('the heap returns the same first timer as a sorted list, for random operations', () => {
  const step = oneof(
    record({ act: constant('add' as const), due: integer({ min: -5, max: 10 }) }),
    record({ act: constant('take' as const) }),
    record({ act: constant('clear' as const), pick: nat() }),
  )
  assert(
    property(array(step, { maxLength: 80 }), (steps) => {
      const heap = createTimerHeap(p)
      let model: Timer[] = []
      for (const [id, each] of steps.entries()) {
        if (each.act === 'add') {
          const timer = timerOf(id, each.due)
          heap.add(timer)
          model.push(timer)
          model.sort(byDueThenId)
        } else if (each.act === 'clear') {
          const timer = model[each.pick % (model.length || 1)]
          if (timer !== undefined) timer.cleared = true
          model = model.filter(({ cleared }) => !cleared)
        } else if (heap.peek() !== undefined) {
          heap.take()
          model.shift()
        }
        expect(heap.peek()).toBe(model[0])
      }
      expect(drain(heap)).toEqual(model)
    }),
  )
})

test('an emptied heap can be filled again', () => {
  const heap = createTimerHeap(p)
  expect(heap.peek()).toBe(undefined)
  for (const round of [1, 2]) {
    heap.add(timerOf(round, 5))
    expect(drain(heap).map(({ id }) => id)).toEqual([round])
  }
})
