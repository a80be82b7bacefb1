import type { ToolAnswer } from '@codemode/shared'
import { expect, test } from 'vitest'

import { CallRecord } from './call-record.ts'

test('a call is aborted only when nobody waits for it any more', async () => {
  const record = new CallRecord()
  const gate = Promise.withResolvers<ToolAnswer>()
  const signals: AbortSignal[] = []
  const run = (signal: AbortSignal) => {
    signals.push(signal)
    return gate.promise
  }
  const [first, second] = [new AbortController(), new AbortController()]
  const answers = [first, second].map(({ signal }) => record.answer('exe_1:1', signal, run))
  first.abort()
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  second.abort()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  gate.resolve({ ok: true, output: 1 })
  expect(await Promise.all(answers)).toEqual(['{"ok":true,"output":1}', '{"ok":true,"output":1}'])
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
