// The only executor, with the embedded PostgreSQL, is killed while detached executions run, and is started again.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Codemode } from '@codemode/client'
import { freePort, longTimeouts, sharedToolServer, startExecutorProcess } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { isSoak } from '../support/seed.ts'

/** Sizes of the run, and the number of answered tool calls after which the executor is killed. */
const { rounds, executions, callsBefore } = isSoak
  ? { rounds: 20, executions: 50, callsBefore: 60 }
  : { rounds: 1, executions: 10, callsBefore: 12 }

const code = `
  const seen = Math.random()
  const first = await tools.step({ part: 1, seen })
  await sleep(200)
  const second = await tools.step({ part: 2, seen: first.seen })
  return second.seen === seen`

test(
  'all executions go on after a plain restart, and no tool runs twice',
  { tags: ['JB-1', 'JB-4'] },
  async ({ annotate }) => {
    const folder = await mkdtemp(join(tmpdir(), 'codemode-killed-'))
    // The embedded PostgreSQL of an executor that root runs belongs to another user.
    await chmod(folder, 0o755)
    const port = await freePort()
    const env = { CODEMODE_STORE: 'postgres', CODEMODE_DATA_DIR: folder, CODEMODE_PORT: String(port) }
    const runs = new Map<string, number>()
    let reached = Promise.withResolvers<void>()
    let executor = await startExecutorProcess({ env })
    try {
      await using codemode = Codemode.fromClientConfig({
        executorUrl: executor.url,
        executorApiKey: executor.apiKey,
        retry: { maxAttempts: 100 },
        // A call is known until its deadline, also after a restart that takes long.
        ...longTimeouts,
        toolServer: await sharedToolServer(),
        tools: {
          step(input: unknown, { callId }) {
            runs.set(callId, (runs.get(callId) ?? 0) + 1)
            if (runs.size % (2 * executions) === callsBefore) reached.resolve()
            return input
          },
        },
      })
      const restartsMs: number[] = []
      for (let round = 0; round < rounds; round++) {
        reached = Promise.withResolvers()
        const submitted = Array.from({ length: executions }, () => codemode.submit(code, { detached: true }))
        const all = await Promise.all(submitted)
        await reached.promise
        await executor.kill()
        const killedAt = performance.now()
        executor = await startExecutorProcess({ env })
        const results = await Promise.all(all.map((execution) => execution.wait()))
        restartsMs.push(Math.round(performance.now() - killedAt))
        expect(results.map((result) => result.success && result.result)).toEqual(all.map(() => true))
        expect([...runs.values()]).toEqual(Array.from({ length: 2 * executions * (round + 1) }, () => 1))
      }
      await annotate(`ms from each kill until the last of ${executions} executions has ended: ${restartsMs.join(', ')}`)
    } finally {
      await executor[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
