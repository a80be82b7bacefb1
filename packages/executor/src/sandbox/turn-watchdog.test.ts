import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { TurnWatchdog, type WatchedTurn } from './turn-watchdog.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/**
 * Watches a turn that never ends on a machine where its thread gets `share` of the time, and returns the time of its
 * end and the reason. `share` is undefined where the system does not report CPU time.
 */
function watch(turn: Omit<WatchedTurn, 'memoryLimitMb'>, share: number | undefined) {
  const startedAt = performance.now()
  const ends: { reason: string; atMs: number; cpuMs: number }[] = []
  const watched = new TurnWatchdog({
    pid: () => undefined,
    threadCpuMs: () => (share === undefined ? undefined : 70 + (performance.now() - startedAt) * share),
    onCheck() {},
    onOverrun: (reason) => void ends.push({ reason, atMs: performance.now() - startedAt, cpuMs: watched.usedCpuMs }),
  })
  watched.begin({ ...turn, memoryLimitMb: 128 })
  vi.advanceTimersByTime(60_000)
  return ends
}

test('a turn that V8 does not stop is ended after its CPU time and 300 ms', { tags: ['RT-3'] }, () => {
  const [end, ...more] = watch({ timeoutMs: 225, cpuMs: 200 }, 1)
  expect(more).toEqual([])
  expect(end).toMatchObject({ reason: 'timeout' })
  expect(end!.atMs).toBeGreaterThanOrEqual(525)
  expect(end!.atMs).toBeLessThanOrEqual(625)
  expect(end!.cpuMs).toBeGreaterThanOrEqual(200)
})

test(
  'a turn on a busy machine gets its CPU time before it is ended, if 3 s suffice for that',
  { tags: ['RT-3'] },
  () => {
    const [end] = watch({ timeoutMs: 1_105, cpuMs: 1_000 }, 0.3)
    expect(end).toMatchObject({ reason: 'timeout' })
    expect(end!.cpuMs).toBeGreaterThanOrEqual(1_000)
    expect(end!.atMs).toBeLessThanOrEqual(1_105 + 3_000)
  },
)

test('a turn that is ended before it used its CPU time reports the CPU time that it used', { tags: ['RT-3'] }, () => {
  const [end] = watch({ timeoutMs: 5_505, cpuMs: 5_000 }, 0.2)
  expect(end).toMatchObject({ reason: 'timeout' })
  expect(end!.cpuMs).toBeLessThanOrEqual(0.2 * end!.atMs)
  expect(end!.cpuMs).toBeGreaterThanOrEqual(0.2 * (end!.atMs - 20))
})

test('a turn that gets almost no CPU time has stalled', { tags: ['RT-3'] }, () => {
  expect(watch({ timeoutMs: 100, cpuMs: 90 }, 0.01)).toMatchObject([{ reason: 'stalled' }])
})

test(
  'a replayed turn has no CPU limit, and is ended if V8 has not stopped it at the end of the wall time',
  { tags: ['RT-3'] },
  () => {
    const [end] = watch({ timeoutMs: 2_000, cpuMs: Infinity }, 1)
    expect(end).toMatchObject({ reason: 'timeout' })
    expect(end!.atMs).toBeGreaterThanOrEqual(5_000)
  },
)

test('the wall clock decides where the system reports no CPU time', { tags: ['RT-3'] }, () => {
  const [end] = watch({ timeoutMs: 115, cpuMs: 100 }, undefined)
  expect(end).toMatchObject({ reason: 'timeout' })
  expect(end!.cpuMs).toBeGreaterThanOrEqual(115)
})
