/**
 * Measures detached executions over PostgreSQL, on one node and on three nodes of this machine, compared with attached
 * ones and with pg-boss alone in the same run: accepted and finished executions per second, and the time from the
 * submission to the result. Also compares appends that are committed in groups with single ones.
 */
import { Codemode } from '@codemode/client'
import { freePort, startExecutorProcess, startLoadBalancer, startPostgres } from '@codemode/testkit'
import { PgBoss } from 'pg-boss'

import { appendsPerSecond } from './durable-appends.ts'
import { latencies } from './in-flight.ts'
import { median, percentile, spreadOf } from './statistics.ts'
import type { Workload } from './workload.ts'

const load = { forMs: 3_000, limit: 16 }
const trivial = 'return 1 + 1'
const tenCalls = 'let sum = 0; for (let n = 0; n < 10; n++) sum += await tools.one(n); return sum'

interface Sample {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
}

export const durable: Workload = async (_args, report, { rounds }) => {
  await using server = await startPostgres()
  await using appends = await startPostgres()
  const grouped: number[] = []
  const samples = new Map<string, Sample[]>()
  const add = (name: string, sample: Sample) => samples.set(name, [...(samples.get(name) ?? []), sample])
  for (let round = 0; round < rounds; round++) {
    for (const count of round % 2 === 0 ? [1, 3] : [3, 1]) {
      await using nodes = await startNodes(server.url, count)
      const { codemode } = nodes
      const on = count === 1 ? 'one node' : 'three nodes'
      const attached = () => codemode.executeAsync(trivial)
      const detached = (code: string) => async () => (await codemode.submit(code, { detached: true })).wait()
      await latencies({ ...load, forMs: 1_000 }, detached(trivial))
      if (count === 1) add('attached, trivial, one node', await measured(attached))
      add(`detached, trivial, ${on}`, await measured(detached(trivial)))
      add(`detached, accepted only, ${on}`, await measured(() => codemode.submit(trivial, { detached: true })))
      add(`detached, ten calls, ${on}`, await measured(detached(tenCalls)))
    }
    add('pg-boss alone: send, fetch, complete', await measuredQueue(server.url))
    const single = await appendsPerSecond(appends.url, { leases: 1, forMs: 1_000 })
    grouped.push((await appendsPerSecond(appends.url, { leases: load.limit, forMs: 1_000 })) / single)
  }
  report.table(
    `${load.limit} in flight, ${rounds} rounds`,
    [...samples].map(([name, all]) => ({
      what: name,
      'per second': spreadOf(all.map(({ perSecond }) => perSecond)),
      'p50 ms': spreadOf(all.map(({ p50Ms }) => p50Ms)),
      'p99 ms': spreadOf(all.map(({ p99Ms }) => p99Ms)),
    })),
  )
  const rateOf = (name: string) => samples.get(name)!.map(({ perSecond }) => perSecond)
  const attachedRates = rateOf('attached, trivial, one node')
  report.goal({
    goal: 'trivial detached executions, 16 in flight: finished per second',
    unit: '× the rate of attached ones',
    bound: 'at least',
    limit: 0.5,
    values: rateOf('detached, trivial, one node').map((rate, round) => rate / attachedRates[round]!),
  })
  report.goal({
    goal: 'appends of 16 leases, committed in groups',
    unit: '× the rate of single appends',
    bound: 'at least',
    limit: 3,
    values: grouped,
  })
  const queueRates = rateOf('pg-boss alone: send, fetch, complete')
  const toQueue = rateOf('detached, trivial, one node').map((rate, round) => rate / queueRates[round]!)
  report.note(`trivial detached executions on one node: ${median(toQueue).toFixed(2)} × the rate of pg-boss alone`)
}

async function measured(run: () => Promise<unknown>): Promise<Sample> {
  const began = performance.now()
  const tookMs = await latencies(load, run)
  const perSecond = (tookMs.length / (performance.now() - began)) * 1_000
  return { perSecond, p50Ms: median(tookMs), p99Ms: percentile(tookMs, 0.99) }
}

async function startNodes(databaseUrl: string, count: number) {
  const stack = new AsyncDisposableStack()
  const ports: number[] = []
  for (let n = 0; n < count; n++) {
    const port = await freePort()
    ports.push(port)
    const env = { CODEMODE_DATABASE_URL: databaseUrl, CODEMODE_PORT: String(port) }
    stack.use(await startExecutorProcess({ env }))
  }
  // The load balancer uses CPU time of this machine, so one node is measured without it.
  const url = count === 1 ? `http://127.0.0.1:${ports[0]!}` : stack.use(await startLoadBalancer(ports)).url
  const port = await freePort()
  const codemode = stack.use(
    Codemode.fromClientConfig({
      executorUrl: url,
      executorApiKey: 'a-key-for-this-run-only',
      toolServer: { port, url: `http://127.0.0.1:${port}/`, secret: 'a-secret-of-this-run-that-is-long-enough' },
      tools: { one: (input: unknown) => input },
    }),
  )
  return { codemode, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Measures a job of pg-boss from the send to the completion, without executions. */
async function measuredQueue(connectionString: string): Promise<Sample> {
  const boss = new PgBoss({ connectionString, schema: 'bench', supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue('jobs')
  try {
    return await measured(async () => {
      await boss.send('jobs', { id: 1 })
      const [job] = await boss.fetch('jobs')
      if (job !== undefined) await boss.complete('jobs', job.id)
    })
  } finally {
    await boss.stop()
  }
}
