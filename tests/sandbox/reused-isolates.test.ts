/**
 * Tests where the option `reuseIsolates` of the executor and of a key applies. Code that exceeds its memory in an isolate
 * that has had other guests is replayed in one of its own, so the number of replays tells whether the isolate was reused.
 */
import { Codemode } from '@codemode/client'
import { keyOf, startExecutor, startPostgres, writeKeysFile, type PostgresServer } from '@codemode/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { readMetrics } from '../support/read-metrics.ts'

/** Code whose second turn exceeds every memory limit. */
const greedy = 'await sleep(1); const held = []; for (;;) held.push(new Array(1e5).fill(held.length + 0.5))'
const memoryLimitMb = 16

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.[Symbol.asyncDispose]())

/** Starts an executor with a store and a key of the tenant `a`, and runs code that leaves an isolate behind. */
async function startReused(key: object, config: Parameters<typeof startExecutor>[0] = {}) {
  const keys = await writeKeysFile({ a: key })
  const executor = await startExecutor({
    ...keys.config,
    databaseUrl: server.url,
    sandboxProcesses: 1,
    reuseIsolates: true,
    ...config,
  })
  const codemode = Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: keyOf('a'), memoryLimitMb })
  return {
    codemode,
    /** Runs short code some times, and then code that runs out of memory. Resolves with the replays of the latter. */
    async replaysAfterOthers(run: () => Promise<{ success: boolean; usage: { replays: number } }>): Promise<number> {
      for (let n = 0; n < 5; n++) await codemode.executeAsync('return 1')
      const result = await run()
      expect(result).toMatchObject({ success: false, error: { code: 'MEMORY_LIMIT' } })
      return result.usage.replays
    },
    isolates: async (state: 'unused' | 'used') =>
      (await readMetrics({ ...executor, apiKey: keyOf('a') })).sum('codemode_sandbox_isolates', { state }),
    async [Symbol.asyncDispose]() {
      await codemode[Symbol.asyncDispose]()
      await executor.close({ drainMs: 0 })
      await keys[Symbol.asyncDispose]()
    },
  }
}

/** Ways to run code, each in a guest of its own. */
const kinds: Readonly<
  Record<string, (codemode: Codemode) => Promise<{ success: boolean; usage: { replays: number } }>>
> = {
  'an attached execution': (codemode) => codemode.run(greedy),
  'a detached execution': async (codemode) => (await codemode.submit(greedy, { detached: true })).wait(),
  'a step of a session': async (codemode) => {
    await using session = await codemode.session({ memoryLimitMb })
    return session.addStep(greedy, { wait: true })
  },
  'a step of a durable session': async (codemode) => {
    await using session = await codemode.session({ memoryLimitMb, durable: true })
    return session.addStep(greedy, { wait: true })
  },
}

test.each(Object.entries(kinds))(
  '%s gets an isolate that has had other guests of its tenant',
  { tags: ['SA-7'] },
  async (_kind, run) => {
    await using started = await startReused({})
    await expect.poll(() => started.replaysAfterOthers(() => run(started.codemode))).toBeGreaterThan(0)
  },
)

test.each([
  ['of the key', { reuseIsolates: false }, {}],
  ['of the executor', {}, { reuseIsolates: false }],
])(
  'with the option %s, no guest gets an isolate that has had another one',
  { tags: ['SA-7'] },
  async (_whose, key, config) => {
    await using started = await startReused(key, config)
    const replays: Record<string, number> = {}
    for (const [kind, run] of Object.entries(kinds)) {
      replays[kind] = await started.replaysAfterOthers(() => run(started.codemode))
    }
    expect(Object.values(replays)).toEqual([0, 0, 0, 0])
    await expect.poll(() => started.isolates('unused')).toBeGreaterThan(0)
    expect(await started.isolates('used')).toBe(0)
  },
)

test('a key overrides the option of the executor', { tags: ['SA-7'] }, async () => {
  await using started = await startReused({ reuseIsolates: true }, { reuseIsolates: false })
  await expect.poll(() => started.replaysAfterOthers(() => started.codemode.run(greedy))).toBeGreaterThan(0)
})

test('the isolates that are ready are counted by whether they have had a guest', { tags: ['OP-1'] }, async () => {
  await using started = await startReused({})
  await expect.poll(() => started.isolates('unused')).toBeGreaterThan(0)
  // The second execution in a row makes the process prepare isolates with their memory limit.
  for (let n = 0; n < 3; n++) await started.codemode.executeAsync('return 1')
  await expect.poll(() => started.isolates('used')).toBeGreaterThan(0)
})
