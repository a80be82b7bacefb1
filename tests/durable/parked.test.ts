// Executions that are parked cost a node nothing: no memory, no job of pg-boss and no connection.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { Codemode } from '@codemode/client'
import { longTimeouts, startExecutorProcess, startPostgres, type ExecutorProcess } from '@codemode/testkit'
import pg from 'pg'
import { expect, test } from 'vitest'

import { isSoak } from '../support/seed.ts'

/** Number of executions of each kind, and of samples of the memory, one per second. */
const sizes = isSoak
  ? { executions: 10_000, samples: 60, maxGrowthMb: 50 }
  : { executions: 50, samples: 1, maxGrowthMb: Infinity }
/** Connections of one node: 10 for the store, 2 for wake-ups and 1 for notifications. */
const poolSize = 13
const preload = fileURLToPath(new URL('../support/collect-on-message.ts', import.meta.url))

const sleepsForADay = 'await sleep(86_400_000)'

const bounds = {
  CODEMODE_MAX_QUEUED: '20000',
  CODEMODE_MAX_QUEUED_PER_KEY: '20000',
  CODEMODE_LOG_LEVEL: 'silent',
}

/** Number of samples of the memory between two collections. */
const samplesPerCollection = 15

/**
 * Collects the garbage of the executor, and returns the heap that is left, and the median of its resident memory, in MB.
 * Collects again between the samples: V8 returns the pages of the load before some seconds after a collection, and only some
 * of them.
 */
async function memoryOf({ child, pid }: ExecutorProcess): Promise<{ heapMb: number; residentMb: number }> {
  let heapBytes = 0
  const samples: number[] = []
  while (samples.length < sizes.samples) {
    if (samples.length % samplesPerCollection === 0) {
      child.send('collect')
      ;[heapBytes] = (await once(child, 'message')) as [number]
    }
    await delay(1_000)
    samples.push(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024)
  }
  const residentMb = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!
  return { heapMb: heapBytes / 1_024 ** 2, residentMb }
}

const textOf = ({ heapMb, residentMb }: { heapMb: number; residentMb: number }): string =>
  `${residentMb.toFixed(1)} MB resident, ${heapMb.toFixed(1)} MB heap`

/** Does something for each execution, 32 at a time. */
async function forAll<Result>(run: (number: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let number = next++; number < sizes.executions; number = next++) results[number] = await run(number)
  }
  await Promise.all(Array.from({ length: 32 }, work))
  return results
}

test(
  'executions that are parked need no memory, job or connection, and all of them end',
  { tags: ['JB-1'] },
  async ({ annotate }) => {
    await using server = await startPostgres()
    const database = new pg.Pool({ connectionString: server.url, max: 1 })
    // The server ends its connections when the test fails.
    database.on('error', () => {})
    const numberOf = async (what: string): Promise<number> =>
      Number((await database.query<{ n: string }>(`select count(*) as n from ${what}`)).rows[0]!.n)
    const activeJobs = () => numberOf("codemode_jobs.job where state = 'active'")
    const withStatus = (status: string) => numberOf(`codemode.executions where status = '${status}'`)
    const settled = { interval: 1_000, timeout: isSoak ? 1_800_000 : 120_000 }
    await using executor = await startExecutorProcess({
      preload,
      env: { ...bounds, CODEMODE_DATABASE_URL: server.url },
    })
    await using codemode = Codemode.fromClientConfig({
      executorUrl: executor.url,
      executorApiKey: executor.apiKey,
      ...longTimeouts,
    })

    const began = Date.now()
    await forAll(() => codemode.submit('return 1', { detached: true }))
    await expect.poll(() => withStatus('completed'), settled).toBe(sizes.executions)
    const runMs = Date.now() - began
    const finished = await memoryOf(executor)

    const sleeping = await forAll(() => codemode.submit(sleepsForADay, { detached: true }))
    await expect.poll(() => withStatus('waiting'), settled).toBe(sizes.executions)
    await expect.poll(activeJobs, settled).toBe(0)
    const memory = await memoryOf(executor)
    const parked = {
      waiting: await withStatus('waiting'),
      activeJobs: await activeJobs(),
      connections: await numberOf("pg_stat_activity where application_name = 'codemode-executor'"),
    }
    await annotate(
      `${sizes.executions} finished in ${runMs} ms: ${textOf(finished)}; parked: ${textOf(memory)}, ` +
        `${parked.connections} connections, ${parked.activeJobs} active jobs`,
    )
    expect(parked).toMatchObject({ waiting: sizes.executions, activeJobs: 0 })
    expect(parked.connections).toBeLessThanOrEqual(poolSize)

    // A message wakes an execution as its timer does.
    const cancel = (number: number) =>
      sleeping[number]!.cancel().then(
        () => 'cancelled',
        ({ code }: { code: string }) => code,
      )
    // A cancellation has five seconds, in which a busy machine may not answer so many.
    const outcomes = await forAll(async (number) => {
      const seen = new Set<string>()
      await expect.poll(async () => seen.add(await cancel(number)).has('cancelled'), settled).toBe(true)
      return [...seen]
    })
    const allowed = new Set(['cancelled', 'REQUEST_TIMEOUT', 'CANCELLED', 'STORE_UNAVAILABLE'])
    expect(outcomes.flat().filter((outcome) => !allowed.has(outcome))).toEqual([])
    await expect.poll(() => withStatus('cancelled'), settled).toBe(sizes.executions)
    await database.end()
    expect(memory.residentMb - finished.residentMb).toBeLessThan(sizes.maxGrowthMb)
  },
)
