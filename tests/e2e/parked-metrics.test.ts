/** Tests the gauge of parked executions, with a real database and without one. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { tool } from '@codemode/client'
import { api, connect, sharedToolServer, startExecutor, startPostgres } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { readMetrics } from '../support/read-metrics.ts'

const name = 'codemode_store_parked_executions'

/** Returns the number of parked executions for each reason, as an executor reports it. */
async function parkedOf(executor: { readonly url: string }): Promise<Record<string, number>> {
  const { body } = await api(executor, '/metrics')
  const samples = (body as string).matchAll(new RegExp(`^${name}\\{reason="(\\w+)"\\} (\\d+)$`, 'gm'))
  return Object.fromEntries([...samples].map(([, reason, value]) => [reason, Number(value)]))
}

/** A counting that took long, on a busy machine, is used for up to two minutes. */
const settled = { timeout: 150_000 }
const none = { tool: 0, timer: 0, approval: 0, deferred: 0, attention: 0 }

test(
  'parked executions are counted by what they wait for, the same on all nodes, and not while the store is down',
  { tags: ['OP-1'] },
  async () => {
    await using server = await startPostgres()
    const config = { databaseUrl: server.url, sandboxProcesses: 1, parkAfterMs: 0 }
    await using first = await startExecutor(config)
    await using second = await startExecutor(config)
    const pay = tool({ requiresApproval: true, execute: () => 1 })
    await using codemode = connect(first, { tools: { pay }, toolServer: await sharedToolServer() })
    await expect.poll(() => parkedOf(second), settled).toEqual(none)
    const codes = ['await sleep(86_400_000)', 'await sleep(86_400_000)', 'return tools.pay({})']
    await Promise.all(codes.map((code) => codemode.submit(code, { detached: true })))
    const expected = { ...none, timer: 2, approval: 1 }
    await expect.poll(() => parkedOf(first), settled).toEqual(expected)
    await expect.poll(() => parkedOf(second), settled).toEqual(expected)

    await server.stop()
    await expect.poll(() => parkedOf(first), settled).toEqual({})
    expect((await readMetrics(first)).sum('codemode_ready')).toBe(1)
    await server.start()
    await expect.poll(() => parkedOf(first), settled).toEqual(expected)
  },
)

test(
  'a scrape does not start the database of the executor, and without a store there is no gauge',
  { tags: ['OP-1'] },
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'codemode-parked-'))
    try {
      await using executor = await startExecutor({ dataDir })
      expect(await parkedOf(executor)).toEqual(none)
      expect(await readdir(dataDir)).toEqual([])
      await using withoutStore = await startExecutor()
      expect(await parkedOf(withoutStore)).toEqual({})
    } finally {
      await rm(dataDir, { recursive: true })
    }
  },
)
