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
    const request = api(executor, '/v1/executions', { body: { code }, key: executor.apiKey }).catch(() => undefined)
    const computing = () => sandboxProcesses(executor.pid).filter((pid) => (processCpuMs(pid) ?? 0) > 1_200)
    await expect.poll(() => computing().length).toBe(1)
    const pids = sandboxProcesses(executor.pid)
    const exited = once(executor.child, 'exit')
    executor.child.kill('SIGKILL')
    await exited
    await expect.poll(() => pids.filter((pid) => killIfAlive(pid, 0))).toEqual([])
    await request
  },
)
