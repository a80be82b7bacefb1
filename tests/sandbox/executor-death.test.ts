import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { processCpuMs } from '../../packages/executor/src/sandbox/proc.ts'
import { api, apiKey } from '../support/executor.ts'
import { killIfAlive, sandboxProcesses } from '../support/sandbox-processes.ts'

const main = fileURLToPath(new URL('../../packages/executor/src/main.ts', import.meta.url))

test('SA-5: sandbox processes end with an executor that is killed, whatever their guests are doing', async () => {
  const executor = spawn(execPath, ['--conditions=@codemode/source', main], {
    env: { CODEMODE_API_KEY: apiKey, CODEMODE_DEV: '1', CODEMODE_PORT: '0', CODEMODE_LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(executor.stdout, 'data')) as [Buffer]
  const url = /ready on (\S+)/.exec(String(line))![1]!
  // V8 can't interrupt this one: its process would not even see that its input has ended.
  const code = 'const a = []; a.length = 2 ** 32 - 1; a.indexOf(1)'
  const request = api({ url }, '/v1/executions', { body: { code } }).catch(() => undefined)
  const computing = () => sandboxProcesses(executor.pid).filter((pid) => (processCpuMs(pid) ?? 0) > 1_200)
  await expect.poll(() => computing().length, { timeout: 10_000 }).toBe(1)
  const pids = sandboxProcesses(executor.pid)
  expect(pids.length).toBeGreaterThan(0)
  executor.kill('SIGKILL')
  await once(executor, 'exit')
  await expect.poll(() => pids.filter((pid) => killIfAlive(pid, 0)), { timeout: 10_000 }).toEqual([])
  await request
})
