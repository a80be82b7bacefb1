import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { processCpuMs } from '../../packages/executor/src/sandbox/proc.ts'
import {
  connect,
  killIfAlive,
  killSandboxProcesses,
  sandboxProcesses,
  startExecutor,
  transports,
} from '@codemode/testkit'

let executor: RunningExecutor

beforeEach(async () => {
  executor = await startExecutor()
})
afterEach(() => executor.close({ drainMs: 0 }))

describe.each(transports)('over $transport', ({ config }) => {
  test('waiting executions finish with their results after their sandbox processes are killed', async () => {
    const count = 20
    const arrived: (() => void)[] = []
    const everyoneWaits = Promise.withResolvers<void>()
    const runs = new Map<string, number>()
    await using codemode = connect(executor, {
      ...config,
      tools: {
        step: (_input, call) => {
          runs.set(call.callId, (runs.get(call.callId) ?? 0) + 1)
          return Math.random()
        },
        hold: (input, call) => {
          runs.set(call.callId, (runs.get(call.callId) ?? 0) + 1)
          return new Promise((resolve) => {
            arrived.push(() => resolve(input))
            if (arrived.length === count) everyoneWaits.resolve()
          })
        },
      },
    })
    const code = `
      const before = [await tools.step(), Math.random(), crypto.randomUUID()]
      console.log('before', before)
      const held = await tools.hold(before)
      console.log('after')
      return JSON.stringify(held) === JSON.stringify(before)`
    const results = Array.from({ length: count }, () => codemode.run(code))
    await everyoneWaits.promise
    killSandboxProcesses()
    for (const release of arrived) release()
    for (const result of await Promise.all(results)) {
      expect(result).toMatchObject({ success: true, result: true })
      expect(result.usage.replays).toBeGreaterThan(0)
      expect(result.logs.map(({ text }) => text.split(' ')[0])).toEqual(['before', 'after'])
    }
    expect([...runs.values()]).toEqual(Array.from({ length: count * 2 }, () => 1))
  })
})

test('an execution on the CPU when its process crashes is retried alone, and fails as the cause if that one crashes too', async () => {
  await using codemode = connect(executor)
  const execution = await codemode.submit('for (;;) {}', { cpuTimeoutMs: 20_000 })
  const ended = execution.wait()
  let crashes = 0
  for (const run = watch(ended); !run.isSettled; crashes += 1) {
    await expect.poll(() => run.isSettled || sandboxProcesses().some(isComputing)).toBe(true)
    for (const pid of sandboxProcesses().filter(isComputing)) killIfAlive(pid, 'SIGSEGV')
  }
  expect(await ended).toMatchObject({ success: false, error: { code: 'SANDBOX_CRASHED', retryable: true } })
  expect(crashes).toBeGreaterThan(1)
  expect(await codemode.executeAsync('2 + 2')).toBe(4)
})

/** Returns whether a process has used more CPU time than its start needs, which an endless loop soon exceeds. */
function isComputing(pid: number): boolean {
  return (processCpuMs(pid) ?? 0) > 1_200
}

function watch(promise: Promise<unknown>): { readonly isSettled: boolean } {
  const state = { isSettled: false }
  void promise.finally(() => (state.isSettled = true))
  return state
}
