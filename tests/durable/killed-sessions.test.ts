// Durable sessions with queued steps, while executors and sandbox processes are killed.
import { setTimeout as delay } from 'node:timers/promises'

import { Codemode, type ClientConfig, type EndedExecution, type Session } from '@codemode/client'
import { seededRandom, sharedToolServer, startPostgres, type PostgresServer } from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, test } from 'vitest'

import { isSoak, seedOf } from '../support/seed.ts'
import { fencedEntries, journalFacts } from './journal-facts.ts'
import { Nodes } from './nodes.ts'
import { RandomFaults } from './random-faults.ts'
import { expectedOf, firstStep, randomStep, type RandomStep } from './random-steps.ts'

const nodeKey = 'a-key-for-this-run-only'
const clocks = { executionTimeoutMs: 600_000, toolTimeoutMs: 300_000 }

/** Sizes of the runs. Half of the sessions have their tools by callback, the others over the stream. */
const sizes = isSoak
  ? { sessions: 50, steps: 20, nodeKills: 8, sandboxKills: 16, longCallMs: 5_000 }
  : { sessions: 10, steps: 5, nodeKills: 1, sandboxKills: 1, longCallMs: 500 }

/** Numbers of nodes. Each has a database of its own, so that its sessions run on no other node. */
const runs = [
  { nodes: 1, database: 'one', what: 'the only executor' },
  { nodes: 3, database: 'three', what: 'one of three executors' },
]

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  for (const { database } of runs) await client.query(`create database ${database}`)
  await client.end()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Session under test, with what became of it. */
interface Run {
  readonly session: Session
  readonly steps: readonly RandomStep[]
  /** Results of these steps. */
  readonly results: readonly EndedExecution[]
  /** Counter, list and random values of the session after all steps. */
  readonly final: readonly unknown[]
}

/** Adds all steps of a session at once, cancels those that are to be cancelled, and waits for all of them. */
async function runSession(session: Session, steps: readonly RandomStep[], progressed: () => void): Promise<Run> {
  session.on('settle', progressed)
  const added = [firstStep, ...steps.map(({ code }) => code)].map((code) => session.addStep(code, clocks))
  const [first, ...others] = added
  const toCancel = others.filter((_, index) => steps[index]!.kind === 'is cancelled')
  // Most of the steps are stored when the first one has ended.
  void first!
    .then((step) => step.wait())
    .then(() => Promise.all(toCancel.map(async (step) => (await step).cancel('by chance'))))
    .catch(() => {})
  const [, ...results] = await session.waitForAllTasks()
  const final = await session.run<unknown[]>('[count, list, seen]', clocks)
  return { session, steps, results, final }
}

/** Runs all sessions on the nodes while faults happen. */
async function runAll(nodes: Nodes, random: () => number) {
  const plans = Array.from({ length: sizes.sessions }, () =>
    Array.from({ length: sizes.steps }, (_, n) => randomStep(n + 1, random)),
  )
  const calls = plans.flat().reduce((sum, step) => sum + step.calls, 0)
  const { sessions, steps, nodeKills, sandboxKills } = sizes
  const progress = calls + sessions * (steps + 1)
  const faults = new RandomFaults(nodes, { nodeKills, sandboxKills, progress, random })
  /** Number of runs of the handler by call id. */
  const handled = new Map<string, number>()
  /** Random values of the sessions, as their steps have sent them. */
  const seen = new Set<string>()
  const tools = {
    async step(input: { step: number; seen: unknown; fails?: boolean }, { callId }: { callId: string }) {
      handled.set(callId, (handled.get(callId) ?? 0) + 1)
      seen.add(JSON.stringify(input.seen))
      faults.progressed()
      if (handled.size % 20 === 0) await delay(sizes.longCallMs)
      if (input.fails === true) throw new Error('by chance')
      return input
    },
  }
  // A single node is away for as long as it takes to start.
  const config = { executorUrl: nodes.url, executorApiKey: nodeKey, retry: { maxAttempts: 100 }, tools } as ClientConfig
  const toolServer = await sharedToolServer()
  await using byStream = Codemode.fromClientConfig(config)
  await using byCallback = Codemode.fromClientConfig({ ...config, toolServer })
  const done = await Promise.all(
    plans.map(async (steps, n) => {
      const session = await (n % 2 === 0 ? byStream : byCallback).session({ durable: true, label: 'chaos' })
      return runSession(session, steps, () => faults.progressed())
    }),
  )
  await faults.settled()
  const records = await Promise.all(done.map(({ session }) => session.record()))
  return { done, records, handled, seen, calls, faults: faults.done }
}

test.for(runs)(
  'no step is lost, run twice or out of order while $what or a sandbox process is killed',
  { tags: ['SE-2', 'SE-6', 'JB-1', 'JB-4'], concurrent: !isSoak },
  async ({ nodes: count, database }, { annotate, expect }) => {
    const seed = seedOf(count)
    await annotate(`CODEMODE_FUZZ_SEED=${seed}`)
    const began = performance.now()
    const databaseUrl = server.url.replace('/postgres?', `/${database}?`)
    await using nodes = await Nodes.start(databaseUrl, count)
    const { done, records, handled, seen, calls, faults } = await runAll(nodes, seededRandom(seed))
    const seconds = Math.round((performance.now() - began) / 1_000)
    const ids = records.flatMap(({ stepList }) => stepList.map(({ executionId }) => executionId))
    const { wrong, ...facts } = await journalFacts({ url: nodes.url, apiKey: nodeKey }, ids)
    await annotate(
      `${count} nodes, ${sizes.sessions} sessions of ${sizes.steps} steps, ${calls} calls, ${JSON.stringify({ ...faults, ...facts })}, ${seconds} s`,
    )
    expect(faults).toEqual({ nodes: sizes.nodeKills, sandboxProcesses: sizes.sandboxKills })
    expect(wrong).toEqual([])
    expect(await fencedEntries(databaseUrl)).toEqual([])
    expect(done.flatMap(({ steps, results }) => expectedOf(steps, results).wrong)).toEqual([])
    expect([...handled.values()]).toEqual(Array.from({ length: calls }, () => 1))
    // Each session has sent the same values from all of its steps.
    const values = new Set(done.map(({ final }) => JSON.stringify(final[2])))
    expect([...seen].filter((value) => !values.has(value))).toEqual([])
    for (const [index, { steps, results, final }] of done.entries()) {
      const { list } = expectedOf(steps, results)
      expect(final.slice(0, 2)).toEqual([list.length, list])
      const { stepList, pendingSteps } = records[index]!
      expect(pendingSteps).toBe(0)
      expect(stepList.map(({ number }) => number)).toEqual(stepList.map((_, n) => n + 1))
      // A step that is cancelled before it is sent is not stored.
      const stored = new Set(stepList.map(({ executionId }) => executionId))
      const isStored = results.map(({ executionId }) => stored.has(executionId))
      expect(steps.filter(({ kind }, n) => !isStored[n] && kind !== 'is cancelled')).toEqual([])
      const ids = results.flatMap(({ executionId }, n) => (isStored[n] ? executionId : []))
      expect(stepList.slice(1, -1).map(({ executionId }) => executionId)).toEqual(ids)
    }
  },
)
