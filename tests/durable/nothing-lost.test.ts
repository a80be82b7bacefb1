import { setTimeout as delay } from 'node:timers/promises'

import { Codemode } from '@codemode/client'
import { seededRandom, sharedToolServer, startPostgres, type PostgresServer } from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { isSoak, seedOf } from '../support/seed.ts'
import { Nodes } from './nodes.ts'

const nodeKey = 'a-key-for-this-run-only'
const callsEach = 5

/** Sizes of the runs: in the gate a part of those of the project `soak`. */
const sizes = isSoak
  ? { executions: 200, nodes: 3, kills: 20, freezes: 5, freezeMs: 30_000, restarts: 3, longCallMs: 20_000 }
  : { executions: 40, nodes: 3, kills: 3, freezes: 1, freezeMs: 12_000, restarts: 1, longCallMs: 4_000 }

/** Five calls, two at once, with random values before and after, and a sleep in between. */
const code = `
  const seen = [Math.random(), crypto.randomUUID()]
  console.log('begins')
  const first = await tools.step({ part: 1, seen })
  const two = await Promise.all([tools.step({ part: 2, seen }), tools.step({ part: 3, seen })])
  await sleep(input % 3 === 0 ? 1_500 : 10)
  const rest = [await tools.step({ part: 4, seen }), await tools.step({ part: 5, seen })]
  console.log('ends')
  return [first, ...two, ...rest].map((answer) => answer.seen.join() === seen.join() && answer.part)`

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Faults that a run suffers, one after another, each at the given part of its progress. */
type Fault = (nodes: Nodes, random: () => number) => Promise<void>

const kill: Fault = (nodes, random) => nodes.killAndRestart(Math.floor(random() * nodes.count))
const freeze: Fault = (nodes, random) => nodes.freeze(Math.floor(random() * nodes.count), sizes.freezeMs)
const restartDatabase: Fault = () => server.restart()

const repeat = (fault: Fault, times: number): Fault[] => Array.from({ length: times }, () => fault)

/** Runs all executions while faults happen, and returns what became of them. */
async function runUnder(faults: readonly Fault[], random: () => number) {
  await using nodes = await Nodes.start(server.url, sizes.nodes)
  const runs = new Map<string, number>()
  let progress = 0
  let begun = 0
  let injecting = Promise.resolve()
  const every = Math.floor((sizes.executions * callsEach) / (faults.length + 1))
  await using codemode = Codemode.fromClientConfig({
    executorUrl: nodes.url,
    executorApiKey: nodeKey,
    toolServer: await sharedToolServer(),
    tools: {
      async step(input: unknown, { callId }) {
        runs.set(callId, (runs.get(callId) ?? 0) + 1)
        progress += 1
        if (begun < faults.length && progress >= every * (begun + 1)) {
          const fault = faults[begun]!
          begun += 1
          injecting = injecting.then(() => fault(nodes, random))
        }
        if (runs.size % 20 === 0) await delay(sizes.longCallMs)
        return input
      },
    },
  })
  const executions = await Promise.all(
    Array.from({ length: sizes.executions }, (_, n) =>
      codemode.submit(code, {
        detached: true,
        input: n,
        label: 'chaos',
        executionTimeoutMs: 600_000,
        toolTimeoutMs: 300_000,
      }),
    ),
  )
  const results = await Promise.all(executions.map((execution) => execution.wait()))
  await injecting
  return { results, runs, begun, ids: executions.map(({ id }) => id) }
}

/** Returns the journals in the database that have an entry of an older claim after a newer claim. */
async function fencedEntries(ids: readonly string[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string }>(
      `select distinct e.id from codemode.executions e
       join codemode.entries newer on newer.key = e.key
       join codemode.entries later on later.key = e.key and later.position > newer.position and later.epoch < newer.epoch
       where e.id = any($1)`,
      [ids],
    )
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

describe('nothing is lost and nothing runs twice', () => {
  test.each([
    [
      'nodes are killed and the database restarts',
      [...repeat(kill, sizes.kills), ...repeat(restartDatabase, sizes.restarts)],
    ],
    ['nodes are frozen', repeat(freeze, sizes.freezes)],
  ])('while %s', { tags: ['JB-1', 'JB-4', 'JB-5'] }, async (_what, faults) => {
    const random = seededRandom(seedOf(7))
    const { results, runs, begun, ids } = await runUnder(faults, random)
    expect(begun).toBe(faults.length)
    expect(results.filter(({ success }) => !success)).toEqual([])
    for (const result of results) {
      expect(result).toMatchObject({ success: true, result: [1, 2, 3, 4, 5] })
      expect(result.logs.map(({ text }) => text)).toEqual(['begins', 'ends'])
    }
    expect([...runs.values()]).toEqual(Array.from({ length: sizes.executions * callsEach }, () => 1))
    expect(await fencedEntries(ids)).toEqual([])
  })
})
