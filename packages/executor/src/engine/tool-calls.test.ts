import { defaultRequestLimits, fixedLimits, type ToolAnswer } from '@codemode/shared'
import { context } from '@opentelemetry/api'
import { expect, test } from 'vitest'

import { JournalLog } from './journal-log.ts'
import { Pacer } from './pacer.ts'
import { ToolCalls } from './tool-calls.ts'

const executionId = 'exe_00000000-0000-7000-8000-000000000000'
const header: JournalLog['header'] = {
  version: 1,
  executionId,
  correlationId: 'cor_0000000000000000',
  createdAt: '2026-01-01T00:00:00.000Z',
  code: '',
  input: 'null',
  context: '{}',
  config: '{}',
  tools: [{ name: 'echo' }],
  limits: { ...defaultRequestLimits, ...fixedLimits, maxToolCalls: 1_000_000 },
  seed: '0'.repeat(64),
  runtime: { guestRuntime: '', v8: '', icu: '', arch: '' },
}

/** Starts tool calls that the test answers, and records the numbers of the answered ones in order. */
function start(count: number) {
  const open = new Map<string, (answer: ToolAnswer) => void>()
  const answered: number[] = []
  let waiter: { count: number; resolve: () => void } | undefined
  const calls = new ToolCalls({
    journal: new JournalLog(header),
    transport: { call: ({ callId }) => new Promise((resolve) => open.set(callId, resolve)) },
    createdAt: Date.now(),
    deadlineAt: Infinity,
    trace: context.active(),
    pacer: new Pacer(),
    onSent: () => {},
    onAnswer: ({ call }) => {
      answered.push(call)
      if (waiter !== undefined && answered.length >= waiter.count) waiter.resolve()
    },
    onFailedByBug: (error) => expect.unreachable(String(error)),
    now: Date.now,
  })
  for (let call = 1; call <= count; call++) calls.add({ call, tool: 'echo', input: '{}' })
  const answer = (call: number): void => open.get(`${executionId}:${call}`)!({ ok: true, output: call })
  const untilAnswered = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      waiter = { count: wanted, resolve }
      if (answered.length >= wanted) resolve()
    })
  return { calls, answer, answered, untilAnswered }
}

const ids = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, n) => `${executionId}:${first + n}`)

test('the first hundred open calls are listed in order while calls are made and answered', async () => {
  const { calls, answer, untilAnswered } = start(130)
  expect(calls.firstOpenCallIds()).toEqual(ids(1, 100))
  for (const call of [1, 3, 32]) answer(call)
  await untilAnswered(3)
  expect(calls.firstOpenCallIds()).toEqual([...ids(2, 2), ...ids(4, 31), ...ids(33, 103)])
  calls.add({ call: 131, tool: 'echo', input: '{}' })
  expect(calls.firstOpenCallIds()).toHaveLength(100)
  calls.cancelAll('over')
  expect(calls.firstOpenCallIds()).toEqual([])
  calls.add({ call: 132, tool: 'echo', input: '{}' })
  expect(calls.firstOpenCallIds()).toEqual(ids(132, 132))
})

test('fifty thousand concurrent calls are answered in order while the first stays open', async () => {
  const count = 50_000
  const { calls, answer, answered, untilAnswered } = start(count)
  for (let call = 2; call <= count; call++) {
    answer(call)
    await untilAnswered(call - 1)
    const [first, second] = calls.firstOpenCallIds()
    const next = call < count ? `${executionId}:${call + 1}` : undefined
    if (first !== `${executionId}:1` || second !== next) throw new Error(`after call ${call}: ${first}, ${second}`)
  }
  expect(answered).toEqual(Array.from({ length: count - 1 }, (_, n) => n + 2))
  expect(calls.openCount).toBe(1)
})
