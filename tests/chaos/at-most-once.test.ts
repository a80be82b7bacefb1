/**
 * Tests at-most-once with random schedules on a fake clock: requests and answers are delayed, lost, duplicated and held
 * back, while the executor restarts and forgets. The client's requests and the executor's HTTP app and engine are real.
 * A failure names the seed of its schedule.
 */
import { setImmediate } from 'node:timers'

import { newExecutionId } from '@codemode/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ExecutorClientError } from '../../packages/client/src/errors/executor-client-error.ts'
import { ExecutionsApi } from '../../packages/client/src/protocol/executions-api.ts'
import { HttpClient } from '../../packages/client/src/http/http-client.ts'
import { resolveRetryPolicy } from '../../packages/client/src/http/retry-policy.ts'
import { resolveIfUnknown } from '../../packages/client/src/protocol/resolve-outcome.ts'
import { apiKey } from '@codemode/testkit'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'
import { startSimulatedExecutor, type SimulatedExecutor } from '../support/simulated-executor.ts'
import { createChance, SimulatedNetwork, type Chance } from '../support/simulated-network.ts'

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    }),
)
afterEach(() => void vi.useRealTimers())

/** Milliseconds in which executions start and the executor restarts. */
const activeMs = 60_000
const requestTimeoutMs = 90_000

/** Outcome of one execution: the answer that its caller got, and the final number of runs of its code. */
interface Outcome {
  readonly reported: 'succeeded' | 'may have run' | 'has not run'
  readonly runs: number
}

interface Schedule {
  readonly outcomes: readonly Outcome[]
  readonly restarts: number
  /** Number of requests for executions that had run and that the executor had forgotten. */
  readonly refusedRepeats: number
}

async function play(seed: number): Promise<Schedule> {
  const chance = createChance(seed)
  const runs = new Map<string, number>()
  const retain = { ms: chance.of(50, 2_000, 300_000), count: chance.of(1, 10_000), bytes: 1e9 }
  let [executor, restarts, refusedRepeats] = [undefined as SimulatedExecutor | undefined, -1, 0]
  const start = (): void => {
    restarts += 1
    executor = startSimulatedExecutor({
      retain,
      onRun: (id) => void runs.set(id, (runs.get(id) ?? 0) + 1),
      durationMs: () => chance.delayMs(0.1),
    })
  }
  start()
  for (let at = gapMs(chance); at < activeMs; at += gapMs(chance)) {
    setTimeout(() => {
      executor?.kill()
      executor = undefined
      setTimeout(() => executor ?? start(), chance.next() ** 2 * 12_000)
    }, at)
  }
  const network = new SimulatedNetwork({
    chance,
    current: () => executor,
    onAnswer({ headers }, { text }) {
      if (text.includes('OUTCOME_AMBIGUOUS') && runs.has(headers.get('idempotency-key')!)) refusedRepeats += 1
    },
  })
  const clients = [1, 2].map(() => clientOn(network))
  const reports = Array.from({ length: 3 }, async () => {
    const id = newExecutionId()
    await new Promise<void>((resolve) => setTimeout(resolve, chance.next() * activeMs))
    return [id, await reportedOutcome(chance.of(...clients), id)] as const
  })
  const underWay = new Set(reports)
  for (const each of reports) void each.finally(() => underWay.delete(each))
  while (underWay.size > 0 || network.inTransit > 0) {
    // Web streams take several turns of the event loop.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersToNextTimer()
  }
  vi.clearAllTimers()
  const outcomes = (await Promise.all(reports)).map(([id, outcome]) => ({ reported: outcome, runs: runs.get(id) ?? 0 }))
  return { outcomes, restarts, refusedRepeats }
}

const gapMs = (chance: Chance): number => 200 + chance.next() ** 2 * 50_000

function clientOn(dispatcher: SimulatedNetwork): ExecutionsApi {
  const http = new HttpClient({
    executorUrl: 'http://executor.test',
    executorApiKey: apiKey,
    connectTimeoutMs: 1_000,
    dispatcher,
  })
  return new ExecutionsApi(http, resolveRetryPolicy())
}

async function reportedOutcome(api: ExecutionsApi, executionId: string): Promise<Outcome['reported']> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error('requestTimeoutMs')), requestTimeoutMs)
  const deadlineAt = performance.now() + requestTimeoutMs
  const scope = { executionId, correlationId: 'cor_0123456789abcdef', signal: controller.signal, deadlineAt }
  try {
    // The simulated sandbox gets the code only.
    const result = await api
      .run(JSON.stringify({ id: executionId, code: executionId }), scope)
      .catch((error: unknown) => resolveIfUnknown(api, scope, error))
    return 'success' in result && result.success ? 'succeeded' : 'may have run'
  } catch (error) {
    const isCertain = error instanceof ExecutorClientError && !error.ambiguous && error.code !== 'IDEMPOTENCY_CONFLICT'
    return isCertain ? 'has not run' : 'may have run'
  } finally {
    clearTimeout(timer)
  }
}

const runsByReport = { succeeded: [1], 'may have run': [0, 1], 'has not run': [0] }

const schedules = isSoak ? 1_000 : 300

test(
  `no code runs twice in ${schedules} random schedules of delays, losses, duplicates, restarts and evictions`,
  { tags: ['RT-2'], ...repeatedInSoak },
  async () => {
    const firstSeed = seedOf(1)
    const all: Outcome[] = []
    let [restarts, refusedRepeats] = [0, 0]
    for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
      const schedule = await play(seed)
      for (const outcome of schedule.outcomes) {
        expect(runsByReport[outcome.reported], `schedule ${seed}, "${outcome.reported}"`).toContain(outcome.runs)
      }
      all.push(...schedule.outcomes)
      restarts += schedule.restarts
      refusedRepeats += schedule.refusedRepeats
    }
    const shareOf = (reported: Outcome['reported']) =>
      all.filter((outcome) => outcome.reported === reported).length / all.length
    expect(shareOf('succeeded'), `from schedule ${firstSeed}`).toBeGreaterThan(0.5)
    expect(shareOf('may have run')).toBeGreaterThan(0.01)
    expect(restarts).toBeGreaterThan(schedules)
    // Without the readings, each of these requests would have run the code again.
    expect(refusedRepeats).toBeGreaterThan(schedules / 10)
  },
)
