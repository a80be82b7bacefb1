/**
 * Tests at-most-once with real processes: a proxy loses answers, and holds requests back until the executor was killed
 * and restarted.
 */
import { isDeepStrictEqual } from 'node:util'

import type { ExecutorClientError } from '@codemode/client'
import { newExecutionId } from '@codemode/shared'
import { expect, test } from 'vitest'

import {
  connect,
  type Exchange,
  type ExecutorProcess,
  type Fault,
  freePort,
  startExecutorProcess,
  startProxy,
} from '@codemode/testkit'
import { methods } from '../support/faulty-client.ts'
import { repeatedInSoak } from '../support/seed.ts'

/** Method of the client by which code runs while its executor restarts. */
const restarts = ['run', 'submit'] as const

/** Promises that one schedule waits for. */
interface Moments {
  /** Resolves when the next executor is up. */
  readonly restarted: Promise<unknown>
  /** Called when the schedule can continue only after the restart. */
  readonly park: () => void
}

interface Schedule {
  readonly what: string
  /** Returns the faults of the attempts to create the execution. */
  readonly faults: (moments: Moments) => readonly (() => Fault)[]
  /** Number of times that the code runs. */
  readonly runs: 0 | 1
  /** Whether the caller learns that the code ran. */
  readonly succeeds: boolean
  /** Whether further attempts are lost until the restart. */
  readonly isCutOff?: boolean
  /** Whether the tool call ends only after the restart. */
  readonly holdsTool?: boolean
}

const whenAsked =
  (park: () => void, fault: Fault): (() => Fault) =>
  () => {
    park()
    return fault
  }

const schedules: readonly Schedule[] = [
  {
    what: 'the answer is lost, and the repeat is held',
    faults: ({ restarted, park }) => [() => 'lose the answer', whenAsked(park, { heldUntil: restarted })],
    runs: 1,
    succeeds: false,
  },
  {
    what: 'the first attempt is held and given up, and the repeat runs',
    faults: ({ restarted }) => [() => ({ heldUntil: restarted, breaks: true }), () => 'pass'],
    runs: 1,
    succeeds: true,
  },
  {
    what: 'the answer is lost, and every repeat fails until the restart',
    faults: ({ park }) => [() => 'lose the answer', whenAsked(park, 'reset')],
    runs: 1,
    succeeds: false,
    isCutOff: true,
  },
  {
    what: 'the first attempt is lost, and the repeat is held',
    faults: ({ restarted, park }) => [() => 'reset', whenAsked(park, { heldUntil: restarted })],
    runs: 0,
    succeeds: false,
  },
  {
    what: 'all attempts except the last one are held and given up',
    faults: ({ restarted, park }) => [
      () => ({ heldUntil: restarted, breaks: true }),
      () => ({ heldUntil: restarted, breaks: true }),
      whenAsked(park, { heldUntil: restarted }),
    ],
    runs: 0,
    succeeds: false,
  },
  {
    what: 'the executor crashes during the code, and the proxy repeats the request',
    faults: ({ restarted }) => [() => ({ repeatAfter: restarted })],
    runs: 1,
    succeeds: false,
    holdsTool: true,
  },
]

const isCreation = ({ method, path }: Exchange): boolean => method === 'POST' && path === '/v1/executions'

/**
 * Plays one schedule against an executor, and resolves with a function that continues it when the next executor is up.
 */
async function play(executor: ExecutorProcess, schedule: Schedule, method: keyof typeof methods) {
  const restarted = Promise.withResolvers<void>()
  const parked = Promise.withResolvers<void>()
  const faults = [...schedule.faults({ restarted: restarted.promise, park: parked.resolve })]
  let [isCounted, isRestarted] = [false, false]
  const held: Exchange[] = []
  const proxy = await startProxy(executor, (exchange) => {
    if (!isCounted || !isCreation(exchange)) return 'pass'
    const fault = faults.shift()?.() ?? (schedule.isCutOff === true && !isRestarted ? 'reset' : 'pass')
    if (typeof fault === 'object' && 'heldUntil' in fault) held.push(exchange)
    return fault
  })
  const paid: { r: number }[] = []
  const pay = async (input: { r: number }) => {
    paid.push(input)
    if (schedule.holdsTool === true) {
      parked.resolve()
      await restarted.promise
    }
    return input
  }
  const refused: unknown[] = []
  const client = connect(proxy, {
    executorApiKey: executor.apiKey,
    toolServer: { port: 0 },
    retry: { backoffBaseMs: 20, backoffMaxMs: 1_000, maxAttempts: 100 },
    tools: { pay },
  })
  client.on('tool', ({ error }) => error?.code === 'TOOL_CALL_CONFLICT' && refused.push(error))
  await client.executeAsync('return 0')
  isCounted = true
  const id = newExecutionId()
  const outcome = methods[method](client, `const id = '${id}'; return await tools.pay({ r: Math.random() })`).then(
    (result) =>
      result.success ? isDeepStrictEqual([result.result], paid) && 'succeeded' : 'error' in result && result.error.code,
    (error: ExecutorClientError) => error.code,
  )
  await Promise.race([parked.promise, outcome])
  return async function finish() {
    isRestarted = true
    restarted.resolve()
    const reported = await outcome
    // Attempts that the client gave up arrive as well.
    await expect.poll(() => held.every(({ status }) => status !== undefined)).toBe(true)
    isCounted = false
    const retries: unknown[] = []
    client.on('retry', (retry) => retries.push(retry))
    const next = await client.executeAsync('return 2')
    await client.close()
    await proxy.cut()
    return { reported, runs: paid.length, refused, held: [...new Set(held.map(({ status }) => status))], next, retries }
  }
}

test(
  `no code runs twice in schedules over ${restarts.length} restarts, and no call gets the answer of another`,
  { tags: ['RT-2', 'TL-6'], ...repeatedInSoak },
  async () => {
    const port = String(await freePort())
    const start = () => startExecutorProcess({ env: { CODEMODE_PORT: port, CODEMODE_SANDBOX_PROCESSES: '1' } })
    let executor = await start()
    try {
      for (const method of restarts) {
        const finish = await Promise.all(schedules.map((schedule) => play(executor, schedule, method)))
        await executor.kill()
        executor = await start()
        for (const [index, { what, succeeds, runs }] of schedules.entries()) {
          const { held, ...outcome } = await finish[index]!()
          // The client continues with the new instance without a failed attempt.
          const expected = {
            reported: succeeds ? 'succeeded' : 'OUTCOME_AMBIGUOUS',
            runs,
            refused: [],
            next: 2,
            retries: [],
          }
          expect({ what, ...outcome }).toEqual({ what, ...expected })
          expect([[], [409]]).toContainEqual(held)
        }
      }
    } finally {
      await executor[Symbol.asyncDispose]()
    }
  },
)

test('the default retries outlast a restart of the executor', { tags: ['RT-1'] }, async () => {
  const env = { CODEMODE_SANDBOX_PROCESSES: '1' }
  await using first = await startExecutorProcess({ env })
  // The second executor is up before the first is killed, so that the test does not depend on the duration of a start.
  await using second = await startExecutorProcess({ env })
  const port = await freePort()
  const before = await startProxy(first, () => 'pass', port)
  await using client = connect(before, { executorApiKey: first.apiKey })
  expect(await client.executeAsync('return 1')).toBe(1)
  await Promise.all([first.kill(), before.cut()])
  const attempts: number[] = []
  const thirdFailure = Promise.withResolvers<void>()
  client.on('retry', ({ attempt }) => {
    attempts.push(attempt)
    if (attempt === 3) thirdFailure.resolve()
  })
  const result = client.executeAsync('return 2')
  // A client with three attempts would have given up at this point.
  await thirdFailure.promise
  const after = await startProxy(second, () => 'pass', port)
  expect(await result).toBe(2)
  expect(attempts).toEqual(attempts.map((_, index) => index + 1))
  expect(after.exchanges.map(({ path }) => path)).toEqual(['/v1/info', '/v1/executions'])
  await client.close()
  await after.cut()
})
