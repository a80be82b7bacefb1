import { expect, test } from 'vitest'

import { Bag } from './bag.ts'

test('a bag holds what was put into it and not taken out again, in whatever order that goes', () => {
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

test('what was taken out already is not taken out again, though it was put in twice', () => {
  const bag = new Bag<string>()
  const takeOut = bag.add('same')
  takeOut()
  bag.add('same')
  takeOut()
  expect(bag.all).toEqual(['same'])
})
