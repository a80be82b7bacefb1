import { once } from 'node:events'

import { describe, expect, test } from 'vitest'

import {
  Codemode,
  ExecutorClient,
  ExecutorClientError,
  withFailover,
  type Executor,
  type ToolHandler,
} from '@codemode/client'

import {
  type ExecutorProcess,
  freePort,
  longTimeouts,
  startExecutorProcess,
  toolLatch,
  transports,
} from '@codemode/testkit'

/** Wraps an executor so that it logs its runs, by their inputs, and its probes. */
function watched({ url, apiKey }: ExecutorProcess, log: string[]): Executor {
  // With the default of ten attempts, an execution that was lost with its executor fails only after ten seconds.
  const executor = new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry: { maxAttempts: 3 } })
  return {
    async run(request, options) {
      const number = JSON.stringify(request.input)
      log.push(`run ${number}`)
      try {
        return await executor.run(request, options)
      } catch (error) {
        log.push(`failed ${number}`)
        throw error
      }
    },
    isReady() {
      log.push('probe')
      return executor.isReady()
    },
    [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose](),
  }
}

async function kill({ child }: ExecutorProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Starts an executor at the URL of one that has ended. */
function restart({ url }: ExecutorProcess): Promise<ExecutorProcess> {
  return startExecutorProcess({ env: { CODEMODE_PORT: new URL(url).port } })
}

/** Wraps a tool handler so that it counts its calls by input. */
function counted(handler: ToolHandler) {
  const calls = new Map<unknown, number>()
  const enter: typeof handler = (input, call) => {
    calls.set(input, (calls.get(input) ?? 0) + 1)
    return handler(input, call)
  }
  return { calls, enter }
}

/** Resolves with the outcome of an execution that calls the tool with this number. */
async function outcomeOf(codemode: Codemode, input: number): Promise<'finished' | 'ambiguous' | 'lost'> {
  try {
    const value = await codemode.executeAsync('return await tools.enter(input)', { input })
    return value === input ? 'finished' : 'lost'
  } catch (error) {
    return error instanceof ExecutorClientError && error.ambiguous ? 'ambiguous' : 'lost'
  }
}

/** Returns the number of probes between the restart and the first run after it. */
function probesUntilRun(log: readonly string[]): number {
  const since = log.slice(log.indexOf('restarted'))
  const isRun = since.findIndex((line) => line.startsWith('run'))
  return since.slice(0, isRun).filter((line) => line === 'probe').length
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'after the crash of one of two executors its executions are ambiguous, all others finish, nothing runs twice',
    { tags: ['CL-1'] },
    async () => {
      await using first = await startExecutorProcess()
      await using second = await startExecutorProcess()
      const { enter: hold, arrived, open } = toolLatch()
      const { calls, enter } = counted(hold)
      const log: string[] = []
      const executor = withFailover([watched(first, log), watched(second, [])])
      await using codemode = Codemode.fromClientConfig({ executor, tools: { enter }, ...longTimeouts, ...config })

      const held = Array.from({ length: 20 }, (_, i) => outcomeOf(codemode, i))
      await arrived(20)
      const onFirst = log.map((line) => Number(line.split(' ')[1]))
      expect(onFirst).toHaveLength(10)
      await kill(first)
      const later = Array.from({ length: 20 }, (_, i) => outcomeOf(codemode, 20 + i))
      await arrived(40)
      open()

      const expected = Array.from({ length: 20 }, (_, i) => (onFirst.includes(i) ? 'ambiguous' : 'finished'))
      expect(await Promise.all(held)).toEqual(expected)
      expect(await Promise.all(later)).toEqual(Array.from({ length: 20 }, () => 'finished'))
      expect([...calls.values()]).toEqual(Array.from({ length: 40 }, () => 1))
    },
  )

  test(
    'an executor that crashes and restarts under load loses no execution, and gets work again within two probes',
    { tags: ['CL-1'] },
    async () => {
      await using first = await startExecutorProcess({ env: { CODEMODE_PORT: String(await freePort()) } })
      await using second = await startExecutorProcess()
      const { calls, enter } = counted((input) => input)
      const log: string[] = []
      const executor = withFailover([watched(first, log), watched(second, [])])
      await using codemode = Codemode.fromClientConfig({ executor, tools: { enter }, ...longTimeouts, ...config })

      const outcomes: string[] = []
      let begun = 0
      const stop = new AbortController()
      const work = async () => {
        while (!stop.signal.aborted) {
          const number = begun++
          outcomes[number] = await outcomeOf(codemode, number)
        }
      }
      const workers = Array.from({ length: 8 }, work)
      const finished = () => Object.values(outcomes).filter((outcome) => outcome === 'finished').length
      await expect.poll(finished).toBeGreaterThan(50)
      await kill(first)
      const before = finished()
      await expect.poll(finished).toBeGreaterThan(before + 50)
      await using _again = await restart(first)
      log.push('restarted')
      const runsAgain = () => log.slice(log.indexOf('restarted')).filter((line) => line.startsWith('run')).length
      await expect.poll(runsAgain).toBeGreaterThan(10)
      stop.abort()
      await Promise.all(workers)

      expect(outcomes).toHaveLength(begun)
      expect(outcomes).not.toContain('lost')
      expect(probesUntilRun(log)).toBeLessThanOrEqual(2)
      const numbersOf = (outcome: string) => [...outcomes.keys()].filter((number) => outcomes[number] === outcome)
      expect(numbersOf('finished').map((number) => calls.get(number))).toEqual(numbersOf('finished').map(() => 1))
      // At most the executions that ran when the failure was detected are ambiguous.
      const seen = log.slice(
        0,
        log.findIndex((line) => line.startsWith('failed')),
      )
      const unseen = numbersOf('ambiguous').filter((number) => !seen.includes(`run ${number}`))
      expect([unseen, numbersOf('ambiguous').length <= workers.length]).toEqual([[], true])
      expect(Math.max(...calls.values())).toBe(1)
    },
  )
})
