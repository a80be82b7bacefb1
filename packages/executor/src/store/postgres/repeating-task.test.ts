import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { RepeatingTask } from './repeating-task.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a task runs at once, after each interval, and when it is woken', async () => {
  let runs = 0
  const task = new RepeatingTask({
    intervalMs: 1_000,
    task: () => Promise.resolve(void runs++),
    onError: () => expect.unreachable(),
  })
  expect(runs).toBe(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(runs).toBe(2)
  task.wake()
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toBe(3)
  await task.stop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(runs).toBe(3)
})

test('a task that is woken while it runs, runs once more, and not at the same time', async () => {
  const runs: PromiseWithResolvers<void>[] = []
  const task = new RepeatingTask({
    intervalMs: 1_000,
    task: () => {
      runs.push(Promise.withResolvers<void>())
      return runs.at(-1)!.promise
    },
    onError: () => expect.unreachable(),
  })
  task.wake()
  task.wake()
  expect(runs).toHaveLength(1)
  runs[0]!.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(2)
  runs[1]!.resolve()
  await vi.advanceTimersByTimeAsync(999)
  expect(runs).toHaveLength(2)
  const stopped = task.stop()
  await stopped
})

test('after a failure the task runs again soon, and not at once if it is woken', async () => {
  const errors: unknown[] = []
  const failure = new Error('failed')
  const task = new RepeatingTask({
    intervalMs: 1_000,
    task: () => Promise.reject(failure),
    onError: (error) => errors.push(error),
  })
  await vi.advanceTimersByTimeAsync(0)
  task.wake()
  await vi.advanceTimersByTimeAsync(499)
  expect(errors).toEqual([failure])
  await vi.advanceTimersByTimeAsync(1)
  expect(errors).toEqual([failure, failure])
  await task.stop()
})
