import type { ToolAnswer } from '@codemode/shared'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { CallRecord } from './call-record.ts'

/** One call, to deliver as often as a test likes. */
function oneCall() {
  const record = new CallRecord()
  const gate = Promise.withResolvers<ToolAnswer>()
  const signals: AbortSignal[] = []
  const run = (signal: AbortSignal) => {
    signals.push(signal)
    return gate.promise
  }
  const deliver = () => {
    const delivery = new AbortController()
    return { lose: () => delivery.abort(), answer: record.answer('exe_1:1', delivery.signal, run) }
  }
  return { deliver, signals, finish: () => gate.resolve({ ok: true, output: 1 }) }
}

describe('a call without a delivery', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is aborted after a second, and not while anybody waits for it', () => {
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

  test('is joined by the next one, as often as it takes, and runs once', async () => {
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

  test('that ends within the second is not aborted any more, and its answer is kept', async () => {
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

test('answers are kept up to a bound, oldest out first', async () => {
  const record = new CallRecord()
  let runs = 0
  const run = (): Promise<ToolAnswer> => {
    runs += 1
    return Promise.resolve({ ok: true, output: 'x'.repeat(1024 * 1024) })
  }
  const { signal } = new AbortController()
  for (let n = 1; n <= 70; n++) await record.answer(`exe_1:${n}`, signal, run)
  await record.answer('exe_1:70', signal, run)
  expect(runs).toBe(70)
  await record.answer('exe_1:1', signal, run)
  expect(runs).toBe(71)
})
