import { expect, test } from 'vitest'

import { WaitingRoom } from './waiting-room.ts'

test('a full waiting room refuses the latest execution of the view that has most in it', () => {
  const room = new WaitingRoom(3)
  const refused: string[] = []
  const [greedy, modest] = [{}, {}]
  const enter = (view: object, name: string): void => {
    const leave = room.enter({
      view,
      refuse: () => {
        refused.push(name)
        leave()
      },
    })
    room.tidy()
  }
  for (const name of ['g1', 'g2', 'g3', 'g4']) enter(greedy, name)
  expect(refused).toEqual(['g4'])
  enter(modest, 'm1')
  expect(refused).toEqual(['g4', 'g3'])
  enter(modest, 'm2')
  // Each view would have two, so the execution that came last is refused.
  expect(refused).toEqual(['g4', 'g3', 'm2'])
})

test('an execution that leaves frees one place, however often it leaves', () => {
  const room = new WaitingRoom(1)
  let refused = 0
  const refuse = (): void => void (refused += 1)
  const leave = room.enter({ view: room, refuse })
  leave()
  leave()
  room.enter({ view: room, refuse })
  room.tidy()
  expect(refused).toBe(0)
})
