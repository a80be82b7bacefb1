/** Tests to which execution the death of a process is attributed. */
import { isDeepStrictEqual } from 'node:util'

import { expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'
import { processCpuMs } from '../../packages/executor/src/sandbox/proc.ts'
import { connect, killIfAlive, sandboxProcesses, startExecutor, toolLatch } from '@codemode/testkit'

/** Program that computes for a while between two tool calls, and logs before and after. */
const computes = `
  const before = Math.random()
  console.log('before')
  await tools.enter(1)
  for (let i = 0; i < 3e9; i++);
  console.log('after')
  return [await tools.enter(2), before === Math.min(before, 1)]`

const cpuByProcess = () => new Map(sandboxProcesses().map((pid) => [pid, processCpuMs(pid) ?? 0]))

/** Resolves with the CPU milliseconds by process when none uses the CPU, not even for its start. */
async function cpuWhenIdle(): Promise<Map<number, number>> {
  // The first poll only reads: two readings without an interval are equal also while a process starts.
  let last = new Map<number, number>()
  const isIdle = () => isDeepStrictEqual(last, (last = cpuByProcess()))
  await expect.poll(isIdle, { interval: 500 }).toBe(true)
  return last
}

/** Runs the code, and ends its process with a signal while it computes after `tools.enter(1)`, as if it had crashed. */
async function runAndCrash(executor: RunningExecutor, code: string, signal: NodeJS.Signals) {
  const { enter, arrived, open, signals } = toolLatch()
  await using codemode = connect(executor, { tools: { enter } })
  const running = codemode.run(code, { cpuTimeoutMs: 30_000 })
  await arrived()
  const used = await cpuWhenIdle()
  open()
  const computing = () => [...used].filter(([pid, before]) => processCpuMs(pid)! > before + 100).map(([pid]) => pid)
  await expect.poll(computing, { interval: 5 }).toHaveLength(1)
  killIfAlive(computing()[0]!, signal)
  return { result: await running, calls: signals.length }
}

test.each(['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const)(
  'an execution on the CPU when its process ended by %s, without being the cause, continues by replay',
  { tags: ['SA-6'] },
  async (signal) => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    const { result, calls } = await runAndCrash(executor, computes, signal)
    expect(result).toMatchObject({ success: true, result: [2, true], usage: { replays: 1 } })
    expect(result.logs.map(({ text }) => text)).toEqual(['before', 'after'])
    expect(calls).toBe(2)
  },
)

test('an execution with its own process fails at its first crash', { tags: ['SA-6'] }, async () => {
  await using executor = await startExecutor({ isolation: 'execution' })
  const { result } = await runAndCrash(executor, 'await tools.enter(1); for (;;);', 'SIGSEGV')
  expect(result).toMatchObject({ error: { code: 'SANDBOX_CRASHED' }, usage: { replays: 0 } })
})

test(
  'code that crashes the parser of types is a syntax error, and the next code gets a working parser',
  { tags: ['SA-3'] },
  async () => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    await using codemode = connect(executor)
    const broken = await codemode.run(`let x: any = ${'!'.repeat(8_000)}1`)
    expect(broken).toMatchObject({ error: { code: 'SYNTAX_ERROR' } })
    expect(await codemode.executeAsync('const a: number = 1\nreturn a as number')).toBe(1)
  },
)
