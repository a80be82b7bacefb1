import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

import type { Approval, ApprovalList } from '@codemode/shared'
import {
  api,
  listenLocally,
  seededRandom,
  startExecutorProcess,
  startPostgres,
  type ExecutorProcess,
  type PostgresServer,
} from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { isSoak, seedOf } from '../support/seed.ts'

/** Executions that wait at the same time: in the gate a part of those of the project `soak`. */
const count = isSoak ? 10_000 : 100
const requestsAtOnce = 32
/** Connections of one node: its pool, and those for wake-ups and notifications. */
const maxConnections = 10 + 3
const maxGrowthMb = 64

let server: PostgresServer
let executor: ExecutorProcess
let database: pg.Client
/** Inputs of the calls that the tool server has received, by call id. */
const calls = new Map<string, number[]>()

const toolServer = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const { callId, input } = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as {
      callId: string
      input: { n: number }
    }
    calls.set(callId, [...(calls.get(callId) ?? []), input.n])
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, output: input.n }))
  })
})
let tools: Awaited<ReturnType<typeof listenLocally>>

beforeAll(async () => {
  server = await startPostgres()
  executor = await startExecutorProcess({
    env: { CODEMODE_DATABASE_URL: server.url, CODEMODE_SANDBOX_PROCESSES: '1', CODEMODE_LOG_LEVEL: 'silent' },
  })
  database = new pg.Client({ connectionString: server.url })
  await database.connect()
  tools = await listenLocally(toolServer)
})
afterAll(async () => {
  await tools[Symbol.asyncDispose]()
  await database.end()
  await executor.kill()
  await server[Symbol.asyncDispose]()
})

/** Returns the number that a query of the database counts. */
async function countOf(query: string): Promise<number> {
  const { rows } = await database.query<{ count: string }>(`select count(*) from ${query}`)
  return Number(rows[0]?.count)
}

const withStatus = (status: string): Promise<number> => countOf(`codemode.executions where status = '${status}'`)
const connections = (): Promise<number> => countOf("pg_stat_activity where application_name = 'codemode-executor'")
const liveJobs = (): Promise<number> =>
  countOf(`codemode_jobs.job j join codemode.executions e on j.data->>'key' = e.key::text where j.state < 'completed'`)

/** Returns the memory of the executor's process in MiB. */
function memoryMb(): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${executor.pid}/status`, 'latin1')) ?? []
  return Math.round(Number(kb) / 1_024)
}

/** Calls a function for each item, for some of them at the same time. */
async function forAll<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const iterator = items.values()
  const worker = async (): Promise<void> => {
    for (const item of iterator) await run(item)
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, worker))
}

const numbers = Array.from({ length: count }, (_, n) => n)

/** Submits one execution for each number. They are given time when too many of them have not started. */
async function submitAll(code: string, declared: readonly object[]): Promise<void> {
  await forAll(numbers, async (input) => {
    const callback = { url: `${tools.url}/`, token: randomBytes(16).toString('hex') }
    const body = { code, input, tools: declared, detached: true, ...(declared.length > 0 && { callback }) }
    const submit = () => api(executor, '/v1/executions', { key: executor.apiKey, body })
    await expect.poll(async () => (await submit()).status, { interval: 1_000, timeout: 120_000 }).toBe(202)
  })
}

/** Returns all pending approvals, page by page. */
async function pendingApprovals(): Promise<Approval[]> {
  const approvals: Approval[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: string = cursor === '' ? '' : `&cursor=${cursor}`
    const path = `/v1/approvals?status=pending&limit=200${page}`
    const { body } = (await api(executor, path, { key: executor.apiKey })) as { body: ApprovalList }
    approvals.push(...body.items)
    cursor = body.nextCursor
  }
  return approvals
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

const untilAllAre = (status: string, number: number) =>
  expect.poll(() => withStatus(status), { interval: 100, timeout: 1_800_000 }).toBe(number)

test('executions that wait for approvals cost nothing, and finish when they are decided in any order', async ({
  annotate,
}) => {
  await submitAll('return input', [])
  await untilAllAre('completed', count)
  const afterFinished = memoryMb()
  await submitAll('return [(await tools.pay({ n: input })), input]', [{ name: 'pay', requiresApproval: 'always' }])
  await untilAllAre('paused', count)
  const whilePaused = memoryMb()
  expect(await liveJobs()).toBe(0)
  expect(await connections()).toBeLessThanOrEqual(maxConnections)
  expect(whilePaused - afterFinished).toBeLessThan(maxGrowthMb)
  expect(calls.size).toBe(0)

  const approvals = shuffled(await pendingApprovals(), seededRandom(seedOf(16)))
  expect(new Set(approvals.map(({ callId }) => callId)).size).toBe(count)
  const begunAt = performance.now()
  await forAll(approvals, async ({ executionId, callId, inputHash }) => {
    const path = `/v1/executions/${executionId}/approvals/${callId}`
    const body = { decision: 'approve', inputHash }
    expect((await api(executor, path, { key: executor.apiKey, body })).status).toBe(200)
  })
  const decidedAt = performance.now()
  await untilAllAre('completed', 2 * count)
  const perSecond = (until: number): number => Math.round((count * 1_000) / (until - begunAt))
  await annotate(
    `${count} executions: ${perSecond(decidedAt)} decided/s, ${perSecond(performance.now())} finished/s; ` +
      `${afterFinished} MiB after as many had finished, ${whilePaused} MiB with all of them paused, ${memoryMb()} MiB at the end`,
  )
  expect([...calls.values()].map(([n]) => n).toSorted((a = 0, b = 0) => a - b)).toEqual(numbers)
  expect([...calls.values()].filter(({ length }) => length !== 1)).toEqual([])
  expect(await countOf("codemode.approvals where status = 'approved'")).toBe(count)
  // Jobs are completed a moment after their executions.
  await expect.poll(liveJobs).toBe(0)
})
