import { expect, test } from 'vitest'

import { Bag } from './bag.ts'

test('a bag contains the added items that are not removed, for any order of operations', () => {
  const bag = new Bag<number>()
  const takeOut = [0, 1, 2, 3, 4].map((item) => bag.add(item))
  const sorted = () => bag.all.toSorted((a, b) => a - b)
  expect(sorted()).toEqual([0, 1, 2, 3, 4])
  takeOut[1]!()
  expect(sorted()).toEqual([0, 2, 3, 4])
  takeOut[4]!()
  takeOut[0]!()
  expect(sorted()).toEqual([2, 3])
  const takeOutLate = bag.add(5)
  takeOut[3]!()
  takeOut[2]!()
  expect(sorted()).toEqual([5])
  takeOutLate()
  expect(sorted()).toEqual([])
})

test('a repeated removal removes nothing, even if an equal item was added in between', () => {
  const bag = new Bag<string>()
  const takeOut = bag.add('same')
  takeOut()
  bag.add('same')
  takeOut()
  expect(bag.all).toEqual(['same'])
})
