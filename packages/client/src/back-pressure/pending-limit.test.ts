import { expect, test } from 'vitest'

import { PendingLimit } from './pending-limit.ts'

test('above the limit the latest run of the view with the most waiting runs is refused', () => {
  const limit = new PendingLimit(3)
  const refused: string[] = []
  const [many, few] = [{}, {}]
  const add = (view: object, name: string): void => {
    const remove = limit.add({
      view,
      refuse: () => {
        refused.push(name)
        remove()
      },
    })
    limit.enforce()
  }
  for (const name of ['g1', 'g2', 'g3', 'g4']) add(many, name)
  expect(refused).toEqual(['g4'])
  add(few, 'm1')
  expect(refused).toEqual(['g4', 'g3'])
  add(few, 'm2')
  // Each view would have two, so the run that was added last is refused.
  expect(refused).toEqual(['g4', 'g3', 'm2'])
})

test('a run that was removed twice is subtracted once', () => {
  const limit = new PendingLimit(1)
  let refused = 0
  const refuse = (): void => void (refused += 1)
  const remove = limit.add({ view: limit, refuse })
  remove()
  remove()
  limit.add({ view: limit, refuse })
  limit.enforce()
  expect(refused).toBe(0)
})
