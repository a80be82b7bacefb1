import { setImmediate } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { IdleWork } from './idle-work.ts'

const aWhile = 60_000

/** Returns idle work that counts the pieces that were done. */
function countedWork(): { work: IdleWork; done: () => number } {
  let done = 0
  const work = new IdleWork(() => {
    done += 1
    return done < 1_000
  }, aWhile)
  return { work, done: () => done }
}

test('each round does one piece of work, however often it starts, until nothing is left', async () => {
  const { work, done } = countedWork()
  for (let i = 0; i < 10; i++) work.start()
  for (let round = 1; round <= 5; round++) {
    await setImmediate()
    expect(done()).toBe(round)
    work.start()
  }
  while (done() < 1_000) await setImmediate()
  await setImmediate()
  expect(done()).toBe(1_000)
})

test('started work stops when it is paused', async () => {
  const { work, done } = countedWork()
  work.start()
  await setImmediate()
  work.pause()
  await setImmediate()
  await setImmediate()
  expect(done()).toBe(1)
})

test('work starts by itself after a quiet time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { work, done } = countedWork()
  vi.advanceTimersByTime(aWhile - 1)
  work.startWhenQuiet()
  vi.advanceTimersByTime(aWhile - 1)
  await setImmediate()
  expect(done()).toBe(0)
  vi.advanceTimersByTime(1)
  await setImmediate()
  expect(done()).toBe(1)
})
