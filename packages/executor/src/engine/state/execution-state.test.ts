import type { ExecutionFailure, JournalEntry } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { ExecutionState } from './execution-state.ts'
import { answer, callsOf, claim, createdAt, headerOf, turn } from './journal.test-support.ts'
import { recordOf, resultOf } from './report.ts'

const start = { kind: 'start' } as const
const tick = { kind: 'tick' } as const
const answerTo = (call: number) => ({ kind: 'answer', call }) as const
const ended = { end: { ok: true, result: '42' } } as const
const timeout: ExecutionFailure = {
  code: 'EXECUTION_TIMEOUT',
  name: 'TimeoutError',
  message: 'too long',
  retryable: false,
}

function stateOf(...entries: JournalEntry[]): ExecutionState {
  const state = new ExecutionState(headerOf())
  for (const entry of entries) state.apply(entry)
  return state
}

describe('the status', () => {
  test('follows the entries: queued, running, waiting, running, completed', { tags: ['EX-5'] }, () => {
    const state = new ExecutionState(headerOf())
    const statuses = [state.status]
    for (const entry of [
      claim(1),
      turn([1, 2], start, { calls: callsOf(1) }),
      answer(5, 1),
      turn([5, 6], answerTo(1), ended),
    ]) {
      state.apply(entry)
      statuses.push(state.status)
    }
    expect(statuses).toEqual(['queued', 'running', 'waiting', 'running', 'completed'])
  })

  test('is known before the entries are applied, so that it can be stored together with them', () => {
    const entries = [
      claim(1),
      turn([1, 2], start, { calls: callsOf(1, 2) }),
      answer(5, 1),
      answer(6, 2),
      turn([6, 7], answerTo(1), { calls: callsOf(3) }),
      turn([7, 9], answerTo(2), { nextTimerAt: createdAt + 8 }),
      turn([9, 10], tick, { nextTimerAt: createdAt + 20 }),
      claim(15, 2),
      answer(16, 3),
      turn([16, 17], answerTo(3), { nextTimerAt: createdAt + 20 }),
      turn([20, 21], tick, {}),
    ]
    for (let from = 0; from < entries.length; from++) {
      for (let to = from + 1; to <= entries.length; to++) {
        const status = stateOf(...entries.slice(0, from)).statusAfter(entries.slice(from, to))
        expect({ from, to, status }).toEqual({ from, to, status: stateOf(...entries.slice(0, to)).status })
      }
    }
  })

  test.each([
    ['failed', timeout],
    ['cancelled', { ...timeout, code: 'CANCELLED', name: 'AbortError' }],
  ] as const)('is %s after an end that the host has set', (status, error) => {
    const state = stateOf(claim(1), turn([1, 2], start, { calls: callsOf(1) }), {
      type: 'end',
      at: createdAt + 9,
      error,
      cpuMs: 5,
      replays: 2,
    })
    expect(state).toMatchObject({ status, finishedAt: createdAt + 9, cpuMs: 6, replays: 2 })
    expect(state.calls.all).toMatchObject([{ status: 'cancelled', durationMs: 7 }])
  })

  test('stays queued up to the end if the execution is cancelled before a claim', () => {
    const state = stateOf({ type: 'end', at: createdAt + 3, error: { ...timeout, code: 'CANCELLED' } })
    expect(state).toMatchObject({ status: 'cancelled', startedAt: undefined })
    const { usage } = JSON.parse(resultOf(state).text) as { usage: object }
    expect(usage).toMatchObject({ queueMs: 3, wallMs: 0, turns: 0 })
  })
})

describe('the next delivery', () => {
  test('is the start, until a turn has processed it', () => {
    const state = stateOf(claim(1))
    expect(state.dueDelivery(createdAt + 1)).toEqual(start)
    state.apply(turn([1, 2], start, { calls: callsOf(1) }))
    expect(state.dueDelivery(createdAt + 2)).toBe(undefined)
  })

  test('is the answer that arrived first', () => {
    const state = stateOf(claim(1), turn([1, 2], start, { calls: callsOf(1, 2, 3) }), answer(4, 3), answer(5, 1))
    expect(state.dueDelivery(createdAt + 5)).toEqual(answerTo(3))
    state.apply(turn([5, 6], answerTo(3), {}))
    expect(state.dueDelivery(createdAt + 6)).toEqual(answerTo(1))
    state.apply(turn([6, 7], answerTo(1), {}))
    expect(state.dueDelivery(createdAt + 7)).toBe(undefined)
  })

  test('does not move the time back if it is that of a turn that was followed before later answers arrived', () => {
    const state = stateOf(claim(1), turn([1, 2], start, { calls: callsOf(1, 2) }), answer(3, 1), answer(9, 2))
    state.apply(turn([4, 4], answerTo(1), {}))
    expect(state.time.lastAt).toBe(createdAt + 9)
    state.apply(turn([4, 10], answerTo(2), {}))
    expect(state.time.lastAt).toBe(createdAt + 10)
  })

  test('is a timer only when it is due', () => {
    const state = stateOf(claim(1), turn([1, 2], start, { nextTimerAt: createdAt + 10 }))
    expect(state.timerAt).toBe(createdAt + 10)
    expect(state.dueDelivery(createdAt + 9)).toBe(undefined)
    expect(state.dueDelivery(createdAt + 10)).toEqual(tick)
  })

  test('is the timer if an answer arrived after the timer was due, and the answer if it arrived before', () => {
    const effects = { calls: callsOf(1), nextTimerAt: createdAt + 10 }
    const late = stateOf(claim(1), turn([1, 2], start, effects), answer(11, 1))
    expect(late.dueDelivery(createdAt + 12)).toEqual(tick)
    late.apply(turn([12, 12], tick, {}))
    expect(late.dueDelivery(createdAt + 12)).toEqual(answerTo(1))
    const early = stateOf(claim(1), turn([1, 2], start, effects), answer(9, 1))
    expect(early.dueDelivery(createdAt + 12)).toEqual(answerTo(1))
    const together = stateOf(claim(1), turn([1, 2], start, effects), answer(10, 1))
    expect(together.dueDelivery(createdAt + 12)).toEqual(tick)
  })

  test.each([
    ['an open call', { calls: callsOf(1) }, false],
    ['a timer', { nextTimerAt: createdAt + 1e9 }, false],
    ['nothing', {}, true],
  ])('never comes if the guest waits for %s: %#', (_what, effects, expected) => {
    expect(stateOf(claim(1), turn([1, 2], start, effects)).neverSettles).toBe(expected)
  })
})

describe('the changes of an entry', () => {
  test('name the first claim only as the start', () => {
    const state = new ExecutionState(headerOf())
    expect(state.apply(claim(1)).isStart).toBe(true)
    expect(state.apply(claim(9, 2)).isStart).toBe(false)
    expect(state).toMatchObject({ epoch: 2, startedAt: createdAt + 1, endsAt: createdAt + 30_009 })
  })

  test('name the calls that got a place, by a turn and by an answer', { tags: ['TL-4'] }, () => {
    const { limits } = headerOf()
    const state = new ExecutionState(headerOf({ limits: { ...limits, toolCallsInFlight: 2 } }))
    state.apply(claim(1))
    const made = state.apply(turn([1, 2], start, { calls: callsOf(1, 2, 3) }))
    expect(made.sent).toMatchObject([
      { number: 1, sentAt: createdAt + 2 },
      { number: 2, sentAt: createdAt + 2 },
    ])
    const answered = state.apply(answer(8, 2))
    expect(answered.settled).toMatchObject([{ number: 2, status: 'completed', durationMs: 6 }])
    expect(answered.sent).toMatchObject([{ number: 3, sentAt: createdAt + 8 }])
  })

  test('name refused calls, which are not sent', { tags: ['TL-3'] }, () => {
    const state = stateOf(claim(1))
    const changes = state.apply({ ...turn([1, 2], start, { calls: callsOf(1, 2) }), refused: [1] })
    expect(changes).toMatchObject({ refused: [{ number: 1 }], sent: [{ number: 2 }] })
  })

  test('of a turn that ends the execution name no call', () => {
    const changes = stateOf(claim(1)).apply(turn([1, 2], start, { calls: callsOf(1), ...ended }))
    expect(changes).toMatchObject({ sent: [], settled: [], isWait: false, isEnd: true })
  })

  test.each([
    ['after a turn that leaves a call open', { calls: callsOf(1) }, true],
    ['after a turn that leaves a timer', { nextTimerAt: createdAt + 10 }, true],
    ['not if the timer is due', { nextTimerAt: createdAt + 2 }, false],
    ['not if there is nothing to wait for', {}, false],
  ])('name a wait %s', (_when, effects, isWait) => {
    expect(stateOf(claim(1)).apply(turn([1, 2], start, effects)).isWait).toBe(isWait)
  })
})

test('the times of waits add up, and those of turns and of due deliveries do not', () => {
  const state = stateOf(
    claim(1),
    turn([1, 2], start, { calls: callsOf(1, 2) }),
    answer(10, 1),
    turn([12, 15], answerTo(1), { nextTimerAt: createdAt + 40 }),
    turn([41, 42], tick, {}),
    answer(50, 2),
    turn([50, 51], answerTo(2), ended),
  )
  expect(state.time.waitMs).toBe(8 + 26 + 8)
  const { usage } = JSON.parse(resultOf(state).text) as { usage: object }
  expect(usage).toEqual({ cpuMs: 4, wallMs: 50, queueMs: 1, waitMs: 42, turns: 4, replays: 0 })
})

test('a takeover continues a wait, and counts its time', () => {
  const state = stateOf(claim(1), turn([1, 2], start, { nextTimerAt: createdAt + 100 }), claim(50, 2))
  state.apply(turn([100, 101], tick, ended))
  expect(state.time.waitMs).toBe(98)
})

test('logs have the time at which their turn began, in the record and in the result', () => {
  const logs = [{ level: 'warn', text: 'careful' }] as const
  const state = stateOf(claim(1), turn([1, 2], start, { logs: [...logs], logsDropped: { entries: 1, bytes: 9 } }))
  const record = JSON.parse(recordOf(state, { label: 'a label', owner: 'ann' }, createdAt + 5).text) as object
  expect(record).toMatchObject({
    status: 'running',
    label: 'a label',
    startedAt: '2026-01-01T00:00:00.001Z',
    logs: [{ level: 'warn', text: 'careful', at: '2026-01-01T00:00:00.001Z' }],
    logsDropped: { entries: 1, bytes: 9 },
    usage: { wallMs: 4 },
  })
  expect(record).not.toHaveProperty('finishedAt')
})

describe('the warnings of an execution that the host ends', () => {
  const warning = { code: 'UNHANDLED_REJECTION', message: 'lost', call: 1 } as const
  const end = { type: 'end', at: createdAt + 9, error: timeout } as const
  const warned = turn([1, 2], start, { calls: callsOf(1), warnings: [warning] })
  const callId = `${headerOf().executionId}:1`

  test('are those of the last turn that has reported some', () => {
    const state = stateOf(claim(1), warned, turn([3, 4], tick, {}), end)
    expect(state.outcome?.warnings).toEqual([{ code: 'UNHANDLED_REJECTION', message: 'lost', callId }])
  })

  test('are those of the turn that the host has stopped, if it has reported some', () => {
    const stopped = { ...end, warnings: [{ code: 'UNHANDLED_REJECTION', message: 'another' } as const] }
    expect(stateOf(claim(1), warned, stopped).outcome?.warnings).toEqual(stopped.warnings)
    expect(stateOf(claim(1), warned, { ...end, warnings: [] }).outcome?.warnings).toEqual([])
  })
})

describe('the active time', () => {
  test('adds up the claims, up to the park or, after a crash, to the last entry', () => {
    const state = stateOf(
      claim(1),
      turn([1, 5], start, { nextTimerAt: createdAt + 1_000 }),
      { type: 'park', at: createdAt + 11, until: createdAt + 1_000 },
      claim(1_000, 2),
      turn([1_000, 1_007], tick, { calls: callsOf(1) }),
    )
    expect(state.time.activeMs).toBe(10)
    state.apply(claim(5_000, 3))
    expect(state.time.activeMs).toBe(17)
  })

  test('of claims without progress is none, and the nodes that made them are counted once', () => {
    const state = stateOf(claim(1), { ...claim(100, 2), node: 'other' }, claim(200, 3))
    expect(state).toMatchObject({ time: { activeMs: 0 }, epoch: 3 })
    expect(state.nodesWithoutProgress.size).toBe(2)
    state.apply(turn([201, 202], start, { calls: callsOf(1) }))
    expect(state.nodesWithoutProgress.size).toBe(0)
  })
})

test('a parked execution waits, or needs attention', () => {
  const waiting = stateOf(claim(1), turn([1, 2], start, { nextTimerAt: createdAt + 1_000 }), {
    type: 'park',
    at: createdAt + 3,
    until: createdAt + 1_000,
  })
  expect(waiting.status).toBe('waiting')
  waiting.apply(claim(500, 2))
  expect(waiting.status).toBe('waiting')
  waiting.apply({ type: 'park', at: createdAt + 600, attention: { ...timeout, code: 'REPLAY_DIVERGED' } })
  expect(waiting.status).toBe('needs_attention')
})
