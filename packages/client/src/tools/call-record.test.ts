import type { ToolAnswer } from '@codemode/shared'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

import { CallConflict, CallRecord } from './call-record.ts'

const call = { tool: 'pay', fingerprint: 'of pay(1)' }

/** Returns a call that can be delivered any number of times. */
function oneCall(options: { readonly gracePeriodMs?: number } = {}) {
  const record = new CallRecord()
  const latch = Promise.withResolvers<ToolAnswer>()
  const signals: AbortSignal[] = []
  const run = (signal: AbortSignal) => {
    signals.push(signal)
    return latch.promise
  }
  const deliver = () => {
    const delivery = new AbortController()
    return {
      lose: () => delivery.abort(),
      answer: record.answer({ ...call, ...options, id: 'exe_1:1', keepUntil: Infinity }, delivery.signal, run),
    }
  }
  const cancel = (reason?: string) => record.cancel('exe_1:1', reason)
  return { deliver, cancel, signals, finish: (answer: ToolAnswer = { ok: true, output: 1 }) => latch.resolve(answer) }
}

describe('a call whose delivery was lost', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is aborted after a second, unless another delivery waits for it', () => {
    const { deliver, signals } = oneCall()
    const [first, second] = [deliver(), deliver()]
    first.lose()
    vi.advanceTimersByTime(10_000)
    second.lose()
    vi.advanceTimersByTime(999)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    vi.advanceTimersByTime(1)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  test('is joined by each later delivery and runs once', async () => {
    const { deliver, signals, finish } = oneCall()
    const answers = [1, 2, 3].map(() => {
      const { lose, answer } = deliver()
      lose()
      vi.advanceTimersByTime(600)
      return answer
    })
    answers.push(deliver().answer)
    vi.advanceTimersByTime(10_000)
    finish()
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['{"ok":true,"output":1}']))
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('that ends within the second is not aborted, and its answer is kept', async () => {
    const { deliver, signals, finish } = oneCall()
    const { lose, answer } = deliver()
    lose()
    finish()
    await answer
    expect(vi.getTimerCount()).toBe(0)
    expect(await deliver().answer).toBe('{"ok":true,"output":1}')
    expect(signals).toHaveLength(1)
  })
})

describe('a call that was aborted after its own grace period', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const aborted: ToolAnswer = { ok: false, error: { name: 'AbortError', message: 'aborted', retryable: false } }

  test('runs again for the next delivery if it failed, and not while it still runs', async () => {
    const { deliver, signals, finish } = oneCall({ gracePeriodMs: 60_000 })
    const first = deliver()
    first.lose()
    vi.advanceTimersByTime(60_000)
    const next = [deliver(), deliver()]
    expect(signals.map((signal) => signal.aborted)).toEqual([true])
    finish(aborted)
    await Promise.all(next.map(({ answer }) => answer))
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
  })

  test('keeps the answer of a handler that ignores the aborted signal', async () => {
    const { deliver, signals, finish } = oneCall({ gracePeriodMs: 60_000 })
    const first = deliver()
    first.lose()
    vi.advanceTimersByTime(60_000)
    finish()
    await first.answer
    expect(await deliver().answer).toBe('{"ok":true,"output":1}')
    expect(signals).toHaveLength(1)
  })
})

describe('a call that is cancelled', () => {
  const cancelled =
    '{"ok":false,"error":{"name":"ToolError","message":"The call of tool \\"pay\\" was cancelled.","code":"TOOL_CANCELLED","retryable":false}}'

  test('ends at once for all its deliveries, with the reason, while its handler still runs', async () => {
    const { deliver, cancel, signals, finish } = oneCall()
    const answers = [deliver().answer, deliver().answer]
    cancel('not needed any more')
    cancel('again')
    expect(await Promise.all(answers)).toEqual([cancelled, cancelled])
    expect(signals.map(({ reason }) => String(reason))).toEqual([
      'AbortError: The executor cancelled the call: not needed any more',
    ])
    finish()
    expect(await deliver().answer).toBe(cancelled)
    expect(signals).toHaveLength(1)
  })

  test('is answered as cancelled even if its handler returns in the same turn', async () => {
    const { deliver, cancel, finish } = oneCall()
    const { answer } = deliver()
    finish()
    cancel()
    expect(await answer).toBe(cancelled)
    expect(await deliver().answer).toBe(cancelled)
  })

  test('keeps an answer that it already has', async () => {
    const { deliver, cancel, signals, finish } = oneCall()
    finish()
    await deliver().answer
    cancel()
    expect(await deliver().answer).toBe('{"ok":true,"output":1}')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test('before its delivery never runs, until no delivery signed earlier can arrive', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { deliver, cancel, signals } = oneCall()
    cancel()
    expect(await Promise.all([deliver().answer, deliver().answer])).toEqual([cancelled, cancelled])
    vi.advanceTimersByTime(10 * 60_000 - 1)
    expect(await deliver().answer).toBe(cancelled)
    expect(signals).toHaveLength(0)
    vi.advanceTimersByTime(2)
    void deliver().answer
    expect(signals).toHaveLength(1)
  })

  test('before its delivery is remembered with up to 10,000 others, and the oldest is evicted first', async () => {
    const { counted, record, call } = counting(1)
    for (let n = 1; n <= 10_001; n++) record.cancel(`exe_1:${n}`, undefined)
    await call(2)
    await call(10_001)
    expect(counted.runs).toBe(0)
    await call(1)
    expect(counted.runs).toBe(1)
  })
})

/** Returns a record, and calls of a handler that counts its runs and answers with the given number of characters. */
function counting(characters: number) {
  const record = new CallRecord()
  const counted = { runs: 0 }
  const run = (): Promise<ToolAnswer> => {
    counted.runs += 1
    return Promise.resolve({ ok: true, output: 'x'.repeat(characters) })
  }
  const { signal } = new AbortController()
  const deliver = (n: number, keepUntil = Infinity) =>
    record.answer({ ...call, id: `exe_1:${n}`, keepUntil }, signal, run)
  return { counted, record, call: deliver }
}

describe('the record', () => {
  afterEach(() => void vi.useRealTimers())

  test.each([
    ['64 MiB, at two bytes a character', 1024 * 1024, 31],
    ['10,000 answers', 1, 10_000],
  ])('holds %s, and evicts the oldest for more', async (_bound, characters, count) => {
    const { counted, call } = counting(characters)
    for (let n = 1; n <= count; n++) await call(n)
    await call(1)
    expect(counted.runs).toBe(count)
    await call(count + 1)
    await call(1)
    expect(counted.runs).toBe(count + 1)
    await call(2)
    expect(counted.runs).toBe(count + 2)
  })

  test('holds an answer until the call can no longer be repeated', async () => {
    vi.useFakeTimers()
    const { counted, call } = counting(1)
    const keepUntil = Date.now() + 60_000
    await call(1, keepUntil)
    vi.advanceTimersByTime(59_000)
    await call(1, keepUntil)
    expect(counted.runs).toBe(1)
    vi.advanceTimersByTime(2_000)
    await call(1, keepUntil)
    expect(counted.runs).toBe(2)
  })
})

const never = (): never => expect.unreachable()

test('an arrival reports that it has joined the running call; the first one and a later one report nothing', async () => {
  const record = new CallRecord()
  const { signal } = new AbortController()
  const latch = Promise.withResolvers<ToolAnswer>()
  const joins: number[] = []
  const arrive = (n: number) =>
    record.answer(
      { ...call, id: 'exe_1:1', keepUntil: Infinity, onJoin: () => void joins.push(n) },
      signal,
      () => latch.promise,
    )
  const answers = [arrive(1), arrive(2)]
  latch.resolve({ ok: true, output: 1 })
  await Promise.all(answers)
  await arrive(3)
  expect(joins).toEqual([2])
})

describe('a call id with another tool or input', { tags: ['TL-6'] }, () => {
  const { signal } = new AbortController()
  const first = { id: 'exe_1:1', tool: 'pay', keepUntil: Infinity, fingerprint: 'of pay(1)' }
  const other = { ...first, fingerprint: 'of pay(2)' }

  test('is refused while the first call runs and after its answer, and does not replace that answer', async () => {
    const record = new CallRecord()
    const latch = Promise.withResolvers<ToolAnswer>()
    const answer = record.answer(first, signal, () => latch.promise)
    const refused = record.answer({ ...other, onJoin: never }, signal, never)
    await expect(refused).rejects.toThrow('The call exe_1:1 of pay was refused')
    latch.resolve({ ok: true, output: 1 })
    expect(await answer).toBe('{"ok":true,"output":1}')
    await expect(record.answer(other, signal, never)).rejects.toBeInstanceOf(CallConflict)
    expect(await record.answer(first, signal, never)).toBe('{"ok":true,"output":1}')
  })

  test('does not abort the first call', async () => {
    const record = new CallRecord()
    const signals: AbortSignal[] = []
    const latch = Promise.withResolvers<ToolAnswer>()
    const answer = record.answer(first, signal, (own) => {
      signals.push(own)
      return latch.promise
    })
    const refused = { ...other, graceMs: 0 }
    await expect(record.answer(refused, AbortSignal.abort(), never)).rejects.toBeInstanceOf(CallConflict)
    latch.resolve({ ok: true, output: 1 })
    await answer
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })
})

test('a request for an approval is not kept, so that the approved call runs, with an edited input too', async () => {
  const record = new CallRecord()
  const { signal } = new AbortController()
  const asked = { tool: 'pay', fingerprint: 'of pay(9)', id: 'exe_1:1', keepUntil: Infinity }
  const json = await record.answer(asked, signal, async () => ({ approvalRequired: true, reason: 'large' }))
  expect(json).toBe('{"approvalRequired":true,"reason":"large"}')
  const approved = { ...asked, fingerprint: 'of pay(4)' }
  expect(await record.answer(approved, signal, async () => ({ ok: true, output: 4 }))).toBe('{"ok":true,"output":4}')
  await expect(record.answer(asked, signal, async () => ({ deferred: true }))).rejects.toBeInstanceOf(CallConflict)
})

test('a deferral is kept, so that a repeated delivery does not run the handler again', async () => {
  const record = new CallRecord()
  const { signal } = new AbortController()
  const deferring = { ...call, id: 'exe_1:1', keepUntil: Infinity }
  await record.answer(deferring, signal, async () => ({ deferred: true }))
  const again = record.answer(deferring, signal, () => Promise.reject(new Error('it ran again')))
  expect(await again).toBe('{"deferred":true}')
})
