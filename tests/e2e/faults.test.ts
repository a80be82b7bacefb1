/**
 * Tests each fault on each kind, over both transports and by both methods: the caller's result, and the real number of
 * runs.
 */
import { describe, expect, test } from 'vitest'

import { busy, type Fault } from '@codemode/testkit'
import {
  countRuns,
  methods,
  startFaulty,
  threeCalls,
  usages,
  type Faults,
  type RequestKind,
} from '../support/faulty-client.ts'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const runsOf = countRuns()

/**
 * Fault of a request, and the number of requests that it leads to; `streaming` if the number differs for a stream of
 * events.
 */
interface Row {
  readonly what: string
  readonly fault: Fault
  readonly times: number
  readonly streaming?: number
}

const connectionFaults: readonly Row[] = [
  { what: 'a reset before it is sent', fault: 'reset', times: 2 },
  { what: 'a reset after it is sent', fault: 'reset when sent', times: 2 },
  { what: 'a lost answer', fault: 'lose the answer', times: 2 },
  { what: 'trickling bytes', fault: 'trickle', times: 1 },
]

const refusals: readonly Row[] = [
  { what: 'a 429 without Retry-After', fault: busy(429), times: 2 },
  { what: 'a 429 with Retry-After', fault: busy(429, '1'), times: 2 },
  { what: 'a 503 without Retry-After', fault: busy(503), times: 2 },
  { what: 'a 503 with Retry-After', fault: busy(503, '1'), times: 2 },
  { what: 'half a 503', fault: { ...busy(503), half: true }, times: 2 },
  { what: 'a 503 of a load balancer', fault: { status: 503, body: '<html>busy</html>' }, times: 2 },
  ...[408, 425, 502, 504].map((status) => ({ what: `a ${status} of a gateway`, fault: { status }, times: 2 })),
]

const halfRejection: Fault = { status: 401, body: '{"error":{"code":"UNAUTH', half: true }

const rows: Record<'create' | 'answer', readonly Row[]> = {
  create: [
    ...connectionFaults,
    { what: 'half an answer', fault: { cutAt: 'exe_' }, times: 2, streaming: 1 },
    ...refusals,
  ],
  answer: connectionFaults,
}

describe.each(usages)('$method over the $transport transport', ({ transport, method, isStreaming }) => {
  /** Runs three calls despite the faults, expects a regular result, and returns the number of requests on each kind. */
  async function expectUnnoticed(faults: Faults): Promise<(kind: RequestKind) => number> {
    await using faulty = await startFaulty(suite.executor, transport, faults)
    const result = await methods[method](faulty.client, threeCalls)
    expect(result).toMatchObject({ success: true, result: [1, 2, 3], toolCalls: [{}, {}, {}] })
    expect(faulty.calls.toSorted()).toEqual([1, 2, 3].map((number) => `${result.executionId}:${number}`))
    await expect.poll(() => runsOf(result.executionId)).toBe(1)
    return (kind) => faulty.requests(kind).length
  }

  test.each(rows.create)(
    'the request meets $what',
    { tags: ['RT-1', 'RT-2', 'EX-2'] },
    async ({ fault, times, streaming }) => {
      const requests = await expectUnnoticed({ create: [fault] })
      expect(requests('create')).toBe(isStreaming ? (streaming ?? times) : times)
    },
  )

  test.each(rows.answer)("a tool's answer meets $what", { tags: ['RT-1', 'RT-2'] }, async ({ fault, times }) => {
    const requests = await expectUnnoticed({ answer: [fault] })
    // Answers over the stream that are ready at the same time share a request.
    const withoutFaults = transport === 'callback' ? [3] : [2, 3]
    expect(withoutFaults).toContain(requests('answer') - (times - 1))
  })

  test('an execution survives one fault at each possible place', { tags: ['RT-1', 'RT-2', 'EX-5'] }, async () => {
    const cuts = ['event: started', 'event: tool.called', 'event: tool.settled']
    const requests = await expectUnnoticed({
      create: ['reset when sent', isStreaming ? { cutAfter: cuts[0]! } : { cutAt: 'exe_' }],
      events: ['reset', { cutAfter: cuts[1]! }, 'lose the answer', { cutAfter: cuts[2]! }, busy(503)],
      answer: ['reset', 'lose the answer', 'pass', 'reset when sent'],
    })
    expect(requests('create')).toBe(isStreaming ? 2 : 3)
  })

  test(
    'the client gives up a server that hangs after requestTimeoutMs, and nothing has run',
    { tags: ['RT-1', 'EX-10'] },
    async () => {
      const clocks = { requestTimeoutMs: 300, executionTimeoutMs: 200, queueTimeoutMs: 200, connectTimeoutMs: 200 }
      await using faulty = await startFaulty(suite.executor, transport, { create: ['hang'] }, clocks)
      const before = runsOf()
      await expect(methods[method](faulty.client, threeCalls)).rejects.toMatchObject({
        code: 'REQUEST_TIMEOUT',
        layer: 'request',
        ambiguous: true,
      })
      expect(faulty.calls).toEqual([])
      expect(runsOf()).toBe(before)
    },
  )

  test(
    'the client cancels at a server that hangs after the start, and the code runs only once',
    { tags: ['RT-2'] },
    async () => {
      const stopped = Promise.withResolvers<unknown>()
      const endless = (_: unknown, { signal }: { signal: AbortSignal }) => {
        signal.addEventListener('abort', () => stopped.resolve(signal.reason))
        return stopped.promise
      }
      const clocks = {
        requestTimeoutMs: 6_000,
        executionTimeoutMs: 5_900,
        queueTimeoutMs: 5_000,
        connectTimeoutMs: 5_000,
      }
      const faults: Faults = { create: ['hang when sent'] }
      await using faulty = await startFaulty(suite.executor, transport, faults, { ...clocks, tools: { endless } })
      const error = await methods[method](faulty.client, 'tools.endless({})').catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'REQUEST_TIMEOUT', ambiguous: true })
      await expect.poll(() => faulty.requests('cancel').length).toBe(1)
      const { executionId } = error as { executionId: string }
      await expect.poll(() => runsOf(executionId)).toBe(1)
      // Over the stream no event arrived, and therefore no call.
      if (transport === 'callback') await stopped.promise
    },
  )

  test('close() ends a backoff and a hung request, and the code has not run', { tags: ['RT-1', 'EX-10'] }, async () => {
    for (const fault of [busy(503, '60'), 'hang'] as const) {
      const arrived = Promise.withResolvers<void>()
      const create = (): Fault => {
        arrived.resolve()
        return fault
      }
      const retry = { backoffBaseMs: 60_000, backoffMaxMs: 60_000 }
      const options = { retry, executionTimeoutMs: 200_000 }
      await using faulty = await startFaulty(suite.executor, transport, { create }, options)
      const before = runsOf()
      const failure = methods[method](faulty.client, threeCalls).catch((error: unknown) => error)
      await arrived.promise
      await faulty.client.close()
      expect(await failure).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
      expect(faulty.calls).toEqual([])
      expect(runsOf()).toBe(before)
    }
  })

  test('close({ drain }) waits out the faults of running executions', { tags: ['EX-10'] }, async () => {
    const faults: Faults = { create: ['reset', busy(503)], answer: ['reset'] }
    await using faulty = await startFaulty(suite.executor, transport, faults)
    const result = methods[method](faulty.client, threeCalls)
    await expect.poll(() => faulty.requests('create').length).toBeGreaterThan(0)
    await faulty.client.close({ drain: true })
    expect(await result).toMatchObject({ success: true, result: [1, 2, 3] })
    expect(faulty.calls).toHaveLength(3)
  })

  test('the client recognises a rejected key in half an answer, and does not retry', { tags: ['RT-4'] }, async () => {
    await using faulty = await startFaulty(suite.executor, transport, { create: [halfRejection] })
    const failure = methods[method](faulty.client, threeCalls)
    await expect(failure).rejects.toMatchObject({ name: 'ExecutorClientError', code: 'UNAUTHORIZED', attempts: 1 })
    expect(faulty.requests('create')).toHaveLength(1)
    expect(faulty.calls).toEqual([])
  })
})
