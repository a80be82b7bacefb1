/**
 * What kills of sandbox processes cost those who wait: 200 executions in flight with three tool calls each, while random
 * sandbox processes are killed 20 times, against the same without kills.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { Codemode } from '@codemode/client'

import { RandomKills } from '../tests/support/random-kills.ts'
import { startExecutorProcess } from './executor-process.ts'
import type { Workload } from './main.ts'
import { median, percentile, spreadOf } from './statistics.ts'

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
  readonly right: number
  /** The codes of those that failed. */
  readonly failed: readonly string[]
  readonly toolRuns: number
  readonly twice: number
  readonly kills: number
  readonly replays: number
}

export const chaos: Workload = async (_args, report, options) => {
  const rounds = { without: [] as Round[], with: [] as Round[] }
  await using executor = await startExecutorProcess()
  await measure(executor, { kills: 0, seed: 0 })
  for (let seed = 1; seed <= options.rounds; seed++) {
    rounds.without.push(await measure(executor, { kills: 0, seed }))
    rounds.with.push(await measure(executor, { kills, seed }))
  }
  const rows = (['without', 'with'] as const).map((name) => {
    const spread = (field: 'p50Ms' | 'p99Ms') => spreadOf(rounds[name].map((round) => round[field]))
    const total = (field: 'right' | 'toolRuns' | 'twice' | 'kills' | 'replays') =>
      rounds[name].reduce((sum, round) => sum + round[field], 0)
    return {
      kills: name,
      'p50 ms': spread('p50Ms'),
      'p99 ms': spread('p99Ms'),
      executions: executions * rounds[name].length,
      right: total('right'),
      failed: rounds[name].flatMap(({ failed }) => failed).join(' '),
      'tool runs': total('toolRuns'),
      'calls run twice': total('twice'),
      killed: total('kills'),
      replays: total('replays'),
    }
  })
  report.table(
    `${executions} executions in flight, ${callsEach} calls each of ${toolMs} ms: median (min–max) of rounds`,
    rows,
  )
  report.keep('rounds', rounds)
}

async function measure(
  executor: { readonly url: string; readonly apiKey: string; readonly pid: number },
  options: { readonly kills: number; readonly seed: number },
): Promise<Round> {
  const every = Math.floor((executions * callsEach) / (kills + 1))
  const randomKills = new RandomKills({ ...options, every, executorPid: executor.pid })
  const runs = new Map<string, number>()
  await using codemode = Codemode.fromClientConfig({
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
    right: results.filter((result) => result.success && result.result === '1,2,3').length,
    failed: results.flatMap((result) => (result.success ? [] : [result.error.code])),
    toolRuns: [...runs.values()].reduce((sum, times) => sum + times, 0),
    twice: [...runs.values()].filter((times) => times > 1).length,
    kills: randomKills.kills,
    replays: results.reduce((sum, { usage }) => sum + usage.replays, 0),
  }
}
