// Durable sessions that nobody uses cost rows only, and their next step rebuilds their state.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { Codemode, type Session } from '@codemode/client'
import {
  sandboxProcesses,
  startExecutorProcess,
  startPostgres,
  type ExecutorProcess,
  type PostgresServer,
} from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { isSoak } from '../support/seed.ts'

/** Idle sessions, those of which the next step is measured, and numbers of steps with the samples for each. */
const sizes = isSoak
  ? { idle: 1_000, woken: 100, steps: [10, 100, 999], samples: 100, maxGrowthMb: 64 }
  : { idle: 12, woken: 4, steps: [3], samples: 2, maxGrowthMb: Infinity }
const atOnce = 16
const evictAfterMs = 500
const preload = fileURLToPath(new URL('../support/collect-on-message.ts', import.meta.url))
const settled = { interval: 500, timeout: 600_000 }
const clocks = { executionTimeoutMs: 300_000 }

let server: PostgresServer
let executor: ExecutorProcess
let codemode: Codemode
let database: pg.Pool

beforeAll(async () => {
  server = await startPostgres()
  database = new pg.Pool({ connectionString: server.url, max: 1 })
  executor = await startExecutorProcess({
    preload,
    env: {
      CODEMODE_DATABASE_URL: server.url,
      CODEMODE_SANDBOX_PROCESSES: '1',
      CODEMODE_LOG_LEVEL: 'silent',
      CODEMODE_EVICT_AFTER_MS: String(evictAfterMs),
    },
  })
  codemode = Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: executor.apiKey })
})
afterAll(async () => {
  await codemode.close()
  await executor.kill()
  await database.end()
  await server[Symbol.asyncDispose]()
})

/** Calls a function for the numbers from 0, some at a time. */
async function forAll<Result>(count: number, run: (number: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) results[number] = await run(number)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

async function countOf(what: string): Promise<number> {
  return Number((await database.query<{ n: string }>(`select count(*) as n from ${what}`)).rows[0]!.n)
}

async function residentMb(pid: number): Promise<number> {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024)
}

/** Collects the garbage of the executor, and returns the memory of its process and of its sandbox processes, in MiB. */
async function memoryMb(): Promise<{ executor: number; sandboxes: number }> {
  executor.child.send('collect')
  await once(executor.child, 'message')
  const sandboxes = await Promise.all(sandboxProcesses(executor.pid).map(residentMb))
  return { executor: await residentMb(executor.pid), sandboxes: sandboxes.reduce((sum, mb) => sum + mb, 0) }
}

/** Returns the median and the 99th percentile of durations, as a text. */
function percentiles(durations: readonly number[]): string {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (part: number): string => sorted[Math.ceil(part * sorted.length) - 1]!.toFixed(1)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

/** Runs a step that must have rebuilt the guest of its session. Returns its duration in milliseconds. */
async function runRebuilt(session: Session, value: number): Promise<number> {
  const began = performance.now()
  const result = await session.addStep('n += 1', { ...clocks, wait: true })
  const ms = performance.now() - began
  expect(result).toMatchObject({ success: true, result: value, usage: { replays: 1 } })
  return ms
}

async function open(): Promise<Session> {
  const session = await codemode.session({ durable: true })
  await session.run('let n = 1; const text = "x".repeat(100_000)', clocks)
  return session
}

/** Resolves when the guests of all sessions so far are evicted, which happens in the order of their last steps. */
async function untilEvicted(): Promise<void> {
  const last = await open()
  const replays = async () => (await last.addStep('n', { ...clocks, wait: true })).usage.replays
  await expect.poll(replays, { ...settled, interval: 2 * evictAfterMs }).toBe(1)
  await last.close()
}

test('idle sessions have rows and nothing else, and go on', { tags: ['SE-3', 'SE-6'] }, async ({ annotate }) => {
  const warmUp = await forAll(sizes.idle, open)
  await forAll(sizes.idle, async (number) => warmUp[number]!.close())
  const before = await memoryMb()
  const connections = "pg_stat_activity where application_name = 'codemode-executor'"
  const sessions = await forAll(sizes.idle, open)
  const jobs = "codemode_jobs.job where name = 'wake-up' and state <= 'active'"
  await untilEvicted()
  await expect.poll(() => countOf(jobs), settled).toBe(0)
  const idle = await memoryMb()
  const facts = {
    sessions: await countOf('codemode.sessions where ended_at is null'),
    unfinished: await countOf('codemode.executions where finished_at is null'),
    messages: await countOf('codemode.inbox'),
    jobs: await countOf(jobs),
  }
  expect(facts).toEqual({ sessions: sizes.idle, unfinished: 0, messages: 0, jobs: 0 })
  const durations: number[] = []
  for (const session of sessions.slice(0, sizes.woken)) durations.push(await runRebuilt(session, 2))
  await annotate(
    `${sizes.idle} idle sessions: ${JSON.stringify(before)} MiB before, ${JSON.stringify(idle)} MiB with them, ` +
      `${await countOf(connections)} connections; next step of ${sizes.woken}: ${percentiles(durations)}`,
  )
  expect(idle.executor - before.executor).toBeLessThan(sizes.maxGrowthMb)
  await forAll(sizes.idle, async (number) => sessions[number]!.close())
})

test.for(sizes.steps)(
  'the next step of a session with %i steps rebuilds its state',
  { tags: ['SE-6'] },
  async (count, { annotate, expect }) => {
    const session = await codemode.session({ durable: true })
    const codes = Array.from({ length: count - 1 }, (_, index) => `n += 1; const step${index} = { index: ${index} }`)
    for (const code of ['let n = 1', ...codes]) void session.addStep(code, clocks)
    const results = await session.waitForAllTasks()
    expect(results.filter(({ success }) => !success)).toEqual([])
    const cold: number[] = []
    const warm: number[] = []
    for (let sample = 0; sample < sizes.samples; sample++) {
      // A fork has no guest.
      const fork = await session.fork()
      cold.push(await runRebuilt(fork, count + 1))
      await fork.close()
    }
    const other = await codemode.session({ durable: true })
    for (let sample = 0; sample < sizes.samples; sample++) {
      const began = performance.now()
      await other.run('var x = 1', clocks)
      warm.push(performance.now() - began)
    }
    const { sizeBytes } = await session.record()
    await annotate(`${count} steps (${sizeBytes} bytes): ${percentiles(cold)}; with a warm guest: ${percentiles(warm)}`)
  },
)
