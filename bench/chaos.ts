/**
 * Measures the cost of killed sandbox processes for the executions in them: 200 executions in flight, each with three
 * tool calls, while 20 random sandbox processes are killed one after another, compared with the same load without
 * kills.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { RandomKills } from '@codemode/testkit'
import type { Workload } from './workload.ts'
import { interleaved } from './rounds.ts'
import { median, percentile, spreadOf } from './statistics.ts'
import { startSubjects, type Subject } from './subjects.ts'
import type { Row } from './table.ts'

const executions = 200
const callsEach = 3
const kills = 20
const toolMs = 20
const code = `
  const first = await tools.step({ part: 1 })
  const rest = await Promise.all([tools.step({ part: 2 }), tools.step({ part: 3 })])
  return [first, ...rest].map(({ part }) => part).join()`

interface Round {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly correct: number
  /** Error codes of the executions that failed. */
  readonly failed: readonly string[]
  readonly toolRuns: number
  readonly twice: number
  readonly kills: number
  readonly replays: number
}

export const chaos: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  for (const subject of subjects) await measure(subject, { kills: 0, seed: 0 })
  let seed = 0
  const { baseline, subjects: killed } = await interleaved(options, {
    baseline: () => measure(subjects[0]!, { kills: 0, seed: 0 }),
    subjects,
    measure: (subject) => measure(subject, { kills, seed: ++seed }),
  })
  report.table(`${executions} executions in flight, ${callsEach} calls each of ${toolMs} ms`, [
    rowOf('this, without kills', baseline),
    ...killed.map(({ name, samples }) => rowOf(`${name}, with kills`, samples)),
  ])
}

function rowOf(executor: string, rounds: readonly Round[]): Row {
  const total = (field: 'correct' | 'toolRuns' | 'twice' | 'kills' | 'replays') =>
    rounds.reduce((sum, round) => sum + round[field], 0)
  return {
    executor,
    'p50 ms': spreadOf(rounds.map(({ p50Ms }) => p50Ms)),
    'p99 ms': spreadOf(rounds.map(({ p99Ms }) => p99Ms)),
    executions: executions * rounds.length,
    correct: total('correct'),
    failed: rounds.flatMap(({ failed }) => failed).join(' '),
    'tool runs': total('toolRuns'),
    'calls run twice': total('twice'),
    killed: total('kills'),
    replays: total('replays'),
  }
}

async function measure(
  { Client, executor }: Subject,
  options: { readonly kills: number; readonly seed: number },
): Promise<Round> {
  const every = Math.floor((executions * callsEach) / (kills + 1))
  const randomKills = new RandomKills({ ...options, every, executorPid: executor.pid })
  const runs = new Map<string, number>()
  await using codemode = Client.fromClientConfig({
    executorUrl: executor.url,
    executorApiKey: executor.apiKey,
    tools: {
      step: async (input, { callId }) => {
        runs.set(callId, (runs.get(callId) ?? 0) + 1)
        randomKills.progressed()
        await delay(toolMs)
        return input
      },
    },
  })
  const latencies: number[] = []
  const results = await Promise.all(
    Array.from({ length: executions }, async () => {
      const sent = performance.now()
      const result = await codemode.run(code, { executionTimeoutMs: 60_000 })
      latencies.push(performance.now() - sent)
      return result
    }),
  )
  return {
    p50Ms: median(latencies),
    p99Ms: percentile(latencies, 0.99),
    correct: results.filter((result) => result.success && result.result === '1,2,3').length,
    failed: results.flatMap((result) => ('error' in result ? [result.error.code] : [])),
    toolRuns: [...runs.values()].reduce((sum, times) => sum + times, 0),
    twice: [...runs.values()].filter((times) => times > 1).length,
    kills: randomKills.kills,
    replays: results.reduce((sum, { usage }) => sum + usage.replays, 0),
  }
}
