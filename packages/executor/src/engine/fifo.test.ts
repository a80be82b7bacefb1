import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { Fifo } from './fifo.ts'

test('items are taken in the order in which they were added, and found by their position until then', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200)), (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      let next = 0
      for (const step of steps) {
        for (let n = 0; n < step; n++) {
          fifo.add(next)
          model.push(next++)
        }
        for (let n = 0; n < step / 2; n++) expect(fifo.take()).toBe(model.shift())
        expect(fifo.size).toBe(model.length)
        expect([fifo.at(0), fifo.at(step), fifo.at(model.length)]).toEqual([model[0], model[step], undefined])
      }
    }),
  )
})

test('keep removes the items that do not fulfil its condition, and keeps the order of the others', () => {
  const fifo = new Fifo<number>()
  for (let n = 0; n < 10; n++) fifo.add(n)
  fifo.take()
  fifo.keep((item) => item % 2 === 0)
  expect([fifo.size, fifo.at(0)]).toEqual([4, 2])
  expect(Array.from({ length: 5 }, () => fifo.take())).toEqual([2, 4, 6, 8, undefined])
})

test('an empty queue returns nothing, and can be used again after clear()', () => {
  const fifo = new Fifo<number>()
  expect(fifo.take()).toBe(undefined)
  fifo.add(1)
  fifo.add(2)
  fifo.clear()
  expect([fifo.size, fifo.take()]).toEqual([0, undefined])
  fifo.add(3)
  expect([fifo.size, fifo.take()]).toEqual([1, 3])
})
