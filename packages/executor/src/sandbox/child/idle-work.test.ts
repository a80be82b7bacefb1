import { expect, onTestFinished, test, vi } from 'vitest'

import { IdleWork, type PieceOfWork } from './idle-work.ts'

interface Piece extends Pick<PieceOfWork, 'isLong' | 'isUrgent'> {
  readonly name: string
  readonly ms?: number
}

const urgent = { name: 'urgent', isLong: false, isUrgent: true }
const long = { name: 'long', isLong: true, isUrgent: true }
const other = { name: 'other', isLong: false, isUrgent: false, ms: 2 }

/** Returns idle work on a simulated clock. The pieces are done in their order, and each only once. */
function simulated(pieces: Piece[], guests = 0) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const began = performance.now()
  const done: [name: string, atMs: number][] = []
  const state = { guests }
  let spentMs = 0
  const now = () => performance.now() - began + spentMs
  const work = new IdleWork({
    hasGuests: () => state.guests > 0,
    *pieces() {
      for (const piece of pieces) {
        const run = () => {
          done.push([piece.name, now()])
          pieces.splice(pieces.indexOf(piece), 1)
          spentMs += piece.ms ?? 0
        }
        yield { ...piece, run }
      }
    },
    now,
  })
  return { work, done, state }
}

test('without a guest the work begins at once, and each round of the event loop does one piece', async () => {
  const { work, done } = simulated([urgent, long])
  work.resume()
  expect(done).toEqual([])
  vi.advanceTimersToNextTimer()
  expect(done).toHaveLength(1)
  vi.advanceTimersToNextTimer()
  expect(done.map(([name]) => name)).toEqual(['urgent', 'long'])
  await vi.runAllTimersAsync()
  expect(vi.getTimerCount()).toBe(0)
})

test('a message stops the work until it goes on', async () => {
  const { work, done } = simulated([urgent, urgent, urgent])
  work.resume()
  await vi.advanceTimersToNextTimerAsync()
  work.pause()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(done).toHaveLength(1)
  work.resume()
  await vi.runAllTimersAsync()
  expect(done).toHaveLength(3)
})

test('while a guest lives, short pieces wait for 4 ms after a message and long ones for 100 ms', async () => {
  const { work, done } = simulated([long, urgent], 1)
  work.resume()
  await vi.runAllTimersAsync()
  expect(done).toEqual([
    ['urgent', 4],
    ['long', 100],
  ])
})

test('a long piece begins as soon as no guest lives', async () => {
  const { work, done, state } = simulated([long], 1)
  work.resume()
  await vi.advanceTimersByTimeAsync(50)
  work.pause()
  state.guests = 0
  work.resume()
  await vi.runAllTimersAsync()
  expect(done).toEqual([['long', 50]])
})

test('pieces that are not urgent take at most a fifth of the time, and urgent ones do not wait for them', async () => {
  const pieces: Piece[] = [{ ...other }, { ...other }, { ...other }]
  const { work, done } = simulated(pieces)
  work.look()
  await vi.advanceTimersByTimeAsync(4)
  pieces.push(urgent)
  work.look()
  await vi.runAllTimersAsync()
  expect(done).toEqual([
    ['other', 0],
    ['urgent', 6],
    ['other', 10],
    ['other', 20],
  ])
})
