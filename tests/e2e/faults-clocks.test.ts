/** Tests system clocks that are wrong, or that are set while something runs. */
import { afterEach, describe, expect, test, vi } from 'vitest'

import { api, busy, connect, startExecutorProcess, toolLatch, transports } from '@codemode/testkit'
import { countRuns, methods, startFaulty, threeCalls, usages } from '../support/faulty-client.ts'
import { useCodemode } from '../support/suite.ts'

const hourMs = 3_600_000
const suite = useCodemode()
const runsOf = countRuns()

/** Sets the clock of this process, and stops it. */
const setClock = (aheadMs: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs })

/** Returns a module that sets the clock of the process that loads it. */
const clockThatIsAhead = (ms: number) =>
  `data:text/javascript,${encodeURIComponent(`
    const Real = Date
    globalThis.Date = class Date extends Real {
      static now() { return Real.now() + ${ms} }
      constructor(...args) { super(...(args.length > 0 ? args : [Real.now() + ${ms}])) }
    }`)}`

afterEach(() => {
  vi.useRealTimers()
})

const jumps = [
  { jump: 'forwards', aheadMs: hourMs },
  { jump: 'backwards', aheadMs: -hourMs },
]

describe.each(usages)('$method over the $transport transport', ({ transport, method, isStreaming }) => {
  const { config } = transports.find((each) => each.transport === transport)!

  test.each(jumps)(
    'deadlines hold with an executor whose clock is an hour $jump',
    { tags: ['RT-1', 'RT-3'] },
    async ({ aheadMs }) => {
      const preload = clockThatIsAhead(aheadMs)
      await using executor = await startExecutorProcess({ env: { CODEMODE_SANDBOX_PROCESSES: '1' }, preload })
      const leftMs: number[] = []
      const look = (input: unknown, { deadline }: { deadline: Date }) => {
        leftMs.push(deadline.getTime() - Date.now())
        return input
      }
      await using client = connect(executor, { ...config, executorApiKey: executor.apiKey, tools: { look } })
      const result = await methods[method](client, 'return tools.look(7).catch(({ code }) => code)')
      // The code sees the executor's clock.
      const isAhead = await methods[method](client, `return Math.abs(Date.now() - input) < ${hourMs / 2}`, {
        input: Date.now() + aheadMs,
      })
      expect(isAhead).toMatchObject({ result: true })
      // Over callbacks, the timestamps of the signatures do not match the tool server's clock.
      expect(result).toMatchObject({ success: true, result: transport === 'callback' ? 'TOOL_UNAVAILABLE' : 7 })
      // The handler has what is left of 30 s by its own clock, which differs from the executor's by an hour.
      expect(leftMs.map((ms) => Math.abs(ms) < hourMs / 2)).toEqual(transport === 'callback' ? [] : [true])
    },
  )

  test.each(jumps)(
    'a tool call survives a jump of both clocks $jump by an hour',
    { tags: ['RT-2', 'RT-3'] },
    async ({ aheadMs }) => {
      const { enter, arrived, open } = toolLatch()
      await using faulty = await startFaulty(suite.executor, transport, {}, { tools: { enter } })
      const code = `
      const before = Date.now()
      await tools.enter({})
      const elapsedMs = Date.now() - before
      return [elapsedMs >= 0 && elapsedMs < ${hourMs / 2}, await tools.count(1).catch(({ code }) => code)]`
      const running = methods[method](faulty.client, code)
      await arrived()
      setClock(aheadMs)
      open()
      const result = await running
      // The token has expired when the clock moves forwards, and is valid for longer when it moves backwards.
      const isExpired = transport === 'callback' && aheadMs > 0
      expect(result).toMatchObject({ success: true, result: [true, isExpired ? 'TOOL_UNAVAILABLE' : 1] })
      expect(faulty.calls).toEqual(isExpired ? [] : [`${result.executionId}:2`])
      expect(await methods[method](faulty.client, threeCalls)).toMatchObject({ result: [1, 2, 3] })
      expect(await api(suite.executor, `/v1/executions/${result.executionId}`)).toMatchObject({ status: 200 })
      await expect.poll(() => runsOf(result.executionId)).toBe(1)
    },
  )

  test.each(jumps)(
    'a repeat finds its result after the clocks jump $jump by an hour between the attempts',
    { tags: ['RT-1', 'RT-2'] },
    async ({ aheadMs }) => {
      // The first answer is lost after the execution has ended, so that only the retained result can answer the repeat.
      const lost = isStreaming ? { cutAt: 'event: finished' } : ('lose the answer' as const)
      const attempts = [lost, busy(503)]
      const next = () => {
        if (attempts.length < 2) setClock(aheadMs)
        return attempts.shift() ?? 'pass'
      }
      const faults = isStreaming ? { create: [attempts.shift()!], events: next } : { create: next }
      await using faulty = await startFaulty(suite.executor, transport, faults)
      const result = await methods[method](faulty.client, threeCalls)
      expect(result).toMatchObject({ success: true, result: [1, 2, 3] })
      expect(faulty.calls.toSorted()).toEqual([1, 2, 3].map((number) => `${result.executionId}:${number}`))
      await expect.poll(() => runsOf(result.executionId)).toBe(1)
    },
  )
})

test('a Retry-After with a date counts from the time of the server that sent it', { tags: ['RT-1'] }, async () => {
  const late = new Date(Date.now() - hourMs)
  const retryAfter = new Date(late.getTime() + 2_000).toUTCString()
  const fault = busy(503, retryAfter)
  const create = [{ ...fault, headers: { ...fault.headers, date: late.toUTCString() } }]
  await using faulty = await startFaulty(suite.executor, 'stream', { create })
  expect(await faulty.client.executeAsync('return 1')).toBe(1)
  const [first, second] = faulty.requests('create').map(({ at }) => at)
  expect(second! - first!).toBeGreaterThanOrEqual(1_900)
})
