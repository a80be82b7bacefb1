/** Tests faults that affect some of many executions, their handles, or their places in the queue. */
import { describe, expect, test } from 'vitest'

import { aborted, busy, type Exchange, type Fault, startExecutor, toolLatch, transports } from '@codemode/testkit'
import { countRuns, startFaulty, threeCalls } from '../support/faulty-client.ts'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const runsOf = countRuns()

describe.each(transports)('over the $transport transport', ({ transport }) => {
  test(
    'each of a hundred executions gets its own result, in order, although its requests meet faults',
    { tags: ['EX-2', 'RT-2'] },
    async () => {
      const faults: Fault[] = ['reset', 'reset when sent', 'lose the answer', busy(429), busy(503), { cutAt: 'exe_' }]
      // Each execution meets two faults at most; faults by request number alone could use up all attempts of one
      // execution.
      const met = new Map<unknown, number>()
      let number = 0
      const create = ({ headers }: Exchange): Fault => {
        const id = headers['idempotency-key']
        met.set(id, (met.get(id) ?? 0) + 1)
        return met.get(id)! > 2 ? 'pass' : (faults[number++ % 7] ?? 'pass')
      }
      const answer = Array.from({ length: 30 }, (_, number): Fault => faults[number % 10] ?? 'pass').filter(
        (fault) => typeof fault === 'string',
      )
      const retry = { maxAttempts: 8, backoffBaseMs: 1 }
      await using faulty = await startFaulty(suite.executor, transport, { create, answer }, { retry })
      const codes = Array.from({ length: 100 }, (_, number) => `return [${number}, await tools.count(${number})]`)
      const results = await faulty.client.executeAll(codes)
      expect(results.map((result) => result.success && result.result)).toEqual(
        codes.map((_, number) => [number, number]),
      )
      expect(faulty.calls.toSorted()).toEqual(results.map(({ executionId }) => `${executionId}:1`).toSorted())
      await expect.poll(() => results.map(({ executionId }) => runsOf(executionId))).toEqual(codes.map(() => 1))
    },
  )

  test('an execution whose requests never arrive does not affect the others', { tags: ['EX-2', 'RT-1'] }, async () => {
    const ids = new Set<unknown>()
    // All attempts of the second execution fail.
    const create = ({ headers }: Exchange): Fault => {
      const id = headers['idempotency-key']
      ids.add(id)
      return [...ids].indexOf(id) === 1 ? 'reset' : 'pass'
    }
    await using faulty = await startFaulty(suite.executor, transport, { create })
    const results = await faulty.client.executeAll([threeCalls, threeCalls, threeCalls])
    const failed = results.filter(({ success }) => !success)
    expect(failed).toMatchObject([{ error: { code: 'OUTCOME_AMBIGUOUS' } }])
    expect(results.filter(({ success }) => success)).toMatchObject([{ result: [1, 2, 3] }, { result: [1, 2, 3] }])
    expect(faulty.calls).toHaveLength(6)
    expect(runsOf(failed[0]!.executionId)).toBe(0)
  })

  test('an execution starts and ends during the backoff of others', { tags: ['EX-4'] }, async () => {
    const backingOff = 20
    const refused = new Set<unknown>()
    let isBusy = true
    // The first executions are refused until the others have ended.
    const create = ({ headers }: Exchange): Fault => {
      const id = headers['idempotency-key']
      if (refused.size < backingOff) refused.add(id)
      return isBusy && refused.has(id) ? busy(503) : 'pass'
    }
    const retry = { maxAttempts: 100, backoffBaseMs: 100, backoffMaxMs: 1_000 }
    await using faulty = await startFaulty(suite.executor, transport, { create }, { retry })
    const order: string[] = []
    const slow = Array.from({ length: backingOff }, () =>
      faulty.client.executeAsync(threeCalls).then(() => order.push('backed off')),
    )
    await expect.poll(() => refused.size).toBe(backingOff)
    for (const quick of ['first', 'second']) {
      await faulty.client.executeAsync(threeCalls)
      order.push(quick)
    }
    isBusy = false
    await Promise.all(slow)
    expect(order).toEqual(['first', 'second', ...slow.map(() => 'backed off')])
    expect(faulty.calls).toHaveLength((backingOff + 2) * 3)
  })

  test('a timeout of wait() during a broken stream does not cancel anything', { tags: ['EX-5', 'RT-3'] }, async () => {
    const { enter, arrived, open, signals } = toolLatch()
    let isBroken = true
    const events = (): Fault => (isBroken ? busy(503) : 'pass')
    const faults = { create: [{ cutAfter: 'event: tool.called' }], events }
    const retry = { maxAttempts: 100, backoffBaseMs: 20, backoffMaxMs: 50 }
    await using faulty = await startFaulty(suite.executor, transport, faults, { retry, tools: { enter } })
    const execution = await faulty.client.submit('return [await tools.enter("a"), await tools.count("b")]')
    await arrived()
    await expect.poll(() => faulty.requests('events').length).toBeGreaterThan(0)
    await expect(execution.wait({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    isBroken = false
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: ['a', 'b'] })
    expect(execution.progress).toMatchObject({ toolCalls: 2, toolCallsSettled: 2 })
    expect(signals).toMatchObject([{ aborted: false }])
    expect(faulty.calls).toEqual([`${execution.id}:2`])
    await expect.poll(() => runsOf(execution.id)).toBe(1)
  })

  test('cancel() arrives despite faults, and retry() is a new execution', { tags: ['EX-5', 'RT-1'] }, async () => {
    const { enter, arrived, signals } = toolLatch()
    const cancel: Fault[] = ['reset', busy(503), 'lose the answer']
    const retry = { maxAttempts: 8, backoffBaseMs: 1 }
    await using faulty = await startFaulty(suite.executor, transport, { cancel }, { retry, tools: { enter } })
    const execution = await faulty.client.submit('await tools.enter({})')
    await arrived()
    await execution.cancel('enough')
    expect(faulty.requests('cancel')).toHaveLength(4)
    expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    await aborted(signals[0]!)
    const again = await execution.retry()
    await arrived(2)
    await again.cancel()
    expect(await again.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    await expect.poll(() => [runsOf(execution.id), runsOf(again.id)]).toEqual([1, 1])
  })

  test(
    'an execution that waits in the queue keeps its one place when its connection breaks',
    { tags: ['RT-2', 'RT-5'] },
    async () => {
      await using executor = await startExecutor({ sandboxProcesses: 1, maxRunning: 1, maxQueued: 1 })
      const { enter, arrived, open } = toolLatch()
      const create: Fault[] = ['pass', 'reset when sent', 'reset when sent']
      const retry = { maxAttempts: 8, backoffBaseMs: 1 }
      await using faulty = await startFaulty(executor, transport, { create }, { retry, tools: { enter } })
      const running = faulty.client.executeAsync('tools.enter("running")')
      await arrived()
      const queued = faulty.client.run(threeCalls)
      await expect.poll(() => faulty.requests('create').length).toBe(4)
      const refused = await faulty.client
        .run('return 1', { executionTimeoutMs: 1_000 })
        .catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'OVERLOADED', httpStatus: 503, ambiguous: false })
      open()
      expect(await running).toBe('running')
      const { executionId, ...result } = await queued
      expect(result).toMatchObject({ success: true, result: [1, 2, 3] })
      expect(faulty.calls.toSorted()).toEqual([1, 2, 3].map((number) => `${executionId}:${number}`))
      await expect.poll(() => runsOf(executionId)).toBe(1)
    },
  )
})
