/** Tests to which execution the death of a process is attributed. */
import { expect, test } from 'vitest'

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

const isComputing = (pid: number): boolean => (processCpuMs(pid) ?? 0) > 1_000

/** Kills the process that computes with a signal, as if it had crashed by itself. */
async function crashWhoComputes(signal: NodeJS.Signals): Promise<void> {
  await expect.poll(() => sandboxProcesses().some(isComputing), { timeout: 20_000, interval: 5 }).toBe(true)
  for (const pid of sandboxProcesses().filter(isComputing)) killIfAlive(pid, signal)
}

test.each(['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const)(
  'an execution on the CPU when its process ended by %s, without being the cause, continues by replay',
  { tags: ['SA-6'] },
  async (signal) => {
    await using executor = await startExecutor({ sandboxProcesses: 1 })
    const { enter, open, signals } = toolLatch()
    open()
    await using codemode = connect(executor, { tools: { enter } })
    const running = codemode.run(computes, { cpuTimeoutMs: 20_000 })
    await crashWhoComputes(signal)
    const result = await running
    expect(result).toMatchObject({ success: true, result: [2, true], usage: { replays: 1 } })
    expect(result.logs.map(({ text }) => text)).toEqual(['before', 'after'])
    expect(signals).toHaveLength(2)
  },
)

test('an execution with its own process fails at its first crash', { tags: ['SA-6'] }, async () => {
  await using executor = await startExecutor({ isolation: 'execution' })
  await using codemode = connect(executor)
  const running = codemode.run('for (;;);', { cpuTimeoutMs: 20_000 })
  await crashWhoComputes('SIGSEGV')
  expect(await running).toMatchObject({ error: { code: 'SANDBOX_CRASHED' }, usage: { replays: 0 } })
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
