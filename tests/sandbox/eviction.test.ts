/** Tests that executions that only wait may be evicted from memory, without a visible difference. */
import { expect, test } from 'vitest'

import type { Codemode } from '@codemode/client'
import type { Journal } from '@codemode/shared'

import { api, apiKey, connect, replayOf, startExecutor, toolLatch, transports } from '@codemode/testkit'
import { readMetrics } from '../support/read-metrics.ts'

const code = `
  const before = [Math.random(), crypto.randomUUID(), Date.now()]
  console.log('before')
  const [held, slept] = await Promise.all([tools.enter(input), sleep(1)])
  console.log('after')
  return { held, same: before.length === 3, before }`

test.each(transports)(
  'over $transport, executions that wait long are evicted and continue by replay',
  async ({ config }) => {
    await using executor = await startExecutor({ evictAfterMs: 1 })
    const { enter, arrived, open, signals } = toolLatch()
    await using codemode = connect(executor, { ...config, tools: { enter } })
    const running = Array.from({ length: 10 }, (_, i) => codemode.run(code, { input: i }))
    await arrived(10)
    await untilEvicted(codemode)
    open()
    const journals: Journal[] = []
    for (const [i, result] of (await Promise.all(running)).entries()) {
      expect(result).toMatchObject({ success: true, result: { held: i, same: true } })
      expect(result.usage.replays).toBeGreaterThan(0)
      expect(result.logs.map(({ text }) => text)).toEqual(['before', 'after'])
      journals.push((await api(executor, `/v1/executions/${result.executionId}/journal`)).body)
    }
    for (const journal of journals) expectEvictionsWhileWaiting(journal)
    expect((await replayOf(journals)).exitCode).toBe(0)
    expect(signals.length).toBe(10)
  },
)

test('an execution that ends while its guest is evicted has the time of the eviction at its end', async () => {
  await using executor = await startExecutor({ evictAfterMs: 1 })
  const { enter, arrived } = toolLatch()
  await using codemode = connect(executor, { tools: { enter } })
  const execution = await codemode.submit('await tools.enter(1)')
  await arrived(1)
  await untilEvicted(codemode)
  const cancelledAt = Date.now()
  await execution.cancel('enough')
  await execution.wait()
  const { body } = await api(executor, `/v1/executions/${execution.id}/journal`)
  const end = (body as Journal).entries.at(-1)!
  expect(end).toMatchObject({ type: 'end', evictedAt: expect.any(Number) })
  expect(end.type === 'end' && end.evictedAt!).toBeLessThanOrEqual(cancelledAt)
})

/**
 * Resolves when all executions that wait have been evicted: then one that began later, and waits for longer than the time
 * between two checks of the memory, was evicted as well.
 */
async function untilEvicted(codemode: Codemode): Promise<void> {
  const replaysOfALaterOne = async () => (await codemode.run('await sleep(1_200)')).usage.replays
  await expect.poll(replaysOfALaterOne).toBeGreaterThan(0)
}

/** Expects an eviction in the journal, and that each lies between the end of a turn and the beginning of the next. */
function expectEvictionsWhileWaiting({ entries }: Journal): void {
  const turns = entries.filter((entry) => entry.type === 'turn')
  const evicted = turns.flatMap(({ at, evictedAt }, i) => (evictedAt === undefined ? [] : [{ i, at, evictedAt }]))
  expect(evicted.length).toBeGreaterThan(0)
  for (const { i, at, evictedAt } of evicted) {
    expect(evictedAt).toBeGreaterThanOrEqual(turns[i - 1]!.endedAt)
    expect(evictedAt).toBeLessThanOrEqual(at)
  }
}

test('above the memory limit of waiting guests, those that have waited longest are evicted first', async () => {
  await using executor = await startExecutor({ sandboxProcesses: 1, maxSandboxProcesses: 1, sandboxMemoryMb: 64 })
  const held: (() => void)[] = []
  let arrival = Promise.withResolvers<void>()
  const hold = (input: unknown) =>
    new Promise((resolve) => {
      held.push(() => resolve(input))
      arrival.resolve()
    })
  await using codemode = connect(executor, { tools: { hold } })
  const large = 'const kept = Array.from({ length: 1e6 }, (_, i) => i + 0.5); await tools.hold(); return kept.at(-1)'
  const running = []
  for (let i = 0; i < 12; i++) {
    arrival = Promise.withResolvers()
    running.push(codemode.run(large))
    await arrival.promise
  }
  // Resumed one by one, the newest first, so that each replayed execution needs no more memory than the ended ones
  // freed.
  const replays = []
  for (let i = 11; i >= 0; i--) {
    held[i]!()
    const result = await running[i]!
    expect(result).toMatchObject({ success: true, result: 999_999.5 })
    replays.push(result.usage.replays)
  }
  expect(replays).toEqual(replays.toSorted((one, other) => one - other))
  expect([replays[0], replays.at(-1)]).toEqual([0, 1])
})

test('a guest that waits keeps little memory of earlier guests of its isolate', async () => {
  await using executor = await startExecutor({ sandboxProcesses: 1, reuseIsolates: true })
  const count = 8
  const guestBytes = async () => (await readMetrics({ ...executor, apiKey })).sum('codemode_sandbox_guest_memory_bytes')
  /** Runs guests that all wait at the same time, for as long as `whileWaiting` takes. */
  const runWaiting = async (code: string, whileWaiting: () => Promise<void>) => {
    const { enter, arrived, open } = toolLatch()
    await using codemode = connect(executor, { tools: { enter } })
    const running = Array.from({ length: count }, () => codemode.executeAsync(`${code}; return await tools.enter(1)`))
    await arrived(count)
    await whileWaiting()
    open()
    expect(await Promise.all(running)).toEqual(Array.from({ length: count }, () => 1))
  }
  const large = 'const all = []; for (let i = 0; i < 60_000; i++) all.push({ i })'
  await runWaiting(large, () => expect.poll(guestBytes).toBeGreaterThan(count * 6 * 2 ** 20))
  await runWaiting('', () => expect.poll(guestBytes).toBeLessThan(count * 3 * 2 ** 20))
})
