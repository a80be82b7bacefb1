import { once } from 'node:events'

import { expect, test } from 'vitest'

import { api, killIfAlive, sandboxProcesses, startExecutorProcess } from '@codemode/testkit'
import { processCpuMs } from '../../packages/executor/src/sandbox/proc.ts'

test(
  'sandbox processes end when their executor is killed, whatever their guests are doing',
  { tags: ['SA-5'] },
  async () => {
    await using executor = await startExecutorProcess()
    // V8 can't interrupt this call, so the process would not notice that its input has ended.
    const code = 'const a = []; a.length = 2 ** 32 - 1; a.indexOf(1)'
    const limits = { cpuTimeoutMs: 30_000, executionTimeoutMs: 240_000 }
    const request = api(executor, '/v1/executions', { body: { code, limits }, key: executor.apiKey }).catch(
      () => undefined,
    )
    let before = new Map<number, number>()
    const grown = () => {
      const now = new Map(sandboxProcesses(executor.pid).map((pid) => [pid, processCpuMs(pid) ?? 0]))
      const computing = [...now].filter(([pid, ms]) => before.has(pid) && ms - before.get(pid)! > 200)
      before = now
      return computing.length
    }
    // At first the other sandbox processes start, and use CPU time too.
    await expect.poll(grown, { interval: 1_500 }).toBe(1)
    const pids = sandboxProcesses(executor.pid)
    const exited = once(executor.child, 'exit')
    executor.child.kill('SIGKILL')
    await exited
    await expect.poll(() => pids.filter((pid) => killIfAlive(pid, 0))).toEqual([])
    await request
  },
)
