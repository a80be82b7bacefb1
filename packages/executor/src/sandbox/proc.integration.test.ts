import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuUsage, pid, platform } from 'node:process'

import { describe, expect, test } from 'vitest'

import { processCpuMs } from './proc.ts'

/** Tolerance in milliseconds: the two clocks count in ticks of 10 ms, in user and in system time. */
const ticksMs = 30

function cpuMsOfThisProcess(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1000
}

describe.skipIf(platform !== 'linux')('on Linux', () => {
  test('processCpuMs returns the CPU time that the process itself measures', () => {
    const before = cpuMsOfThisProcess()
    const measured = processCpuMs(pid)
    expect(measured).toBeGreaterThanOrEqual(before - ticksMs)
    expect(measured).toBeLessThanOrEqual(cpuMsOfThisProcess() + ticksMs)
  })

  test('processCpuMs grows by the CPU time of a computation', () => {
    const [before, until] = [processCpuMs(pid)!, cpuMsOfThisProcess() + 100]
    while (cpuMsOfThisProcess() < until);
    expect(processCpuMs(pid)! - before).toBeGreaterThanOrEqual(100 - ticksMs)
  })

  test('processCpuMs accepts any process name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'process-cpu-'))
    try {
      // If the line were read from its first parenthesis on, other numbers would be in the places of the times.
      const name = join(folder, ') 9 9 9 9 9 9')
      symlinkSync('/bin/sleep', name)
      const child = spawn(name, ['60'])
      await once(child, 'spawn')
      expect(processCpuMs(child.pid)).toBeLessThan(1_000)
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      expect(processCpuMs(child.pid)).toBe(undefined)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('processCpuMs returns undefined for a process that does not exist', () => {
  expect(processCpuMs(undefined)).toBe(undefined)
  expect(processCpuMs(2 ** 30)).toBe(undefined)
})
