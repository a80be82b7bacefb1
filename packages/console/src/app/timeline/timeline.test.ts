import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { endOf, isProblem, startOf } from './row.ts'
import { timelineOf } from './timeline.ts'

const createdAt = Date.parse('2026-01-01T00:00:00.000Z')

/** Returns a journal whose entries have times relative to its creation. */
function journalOf(entries: readonly JournalEntry[], header: Partial<JournalHeader> = {}): Journal {
  const base = { executionId: 'exe_1', createdAt: new Date(createdAt).toISOString(), tools: [] }
  return { header: { ...base, ...header } as unknown as JournalHeader, entries: [...entries] }
}

const at = (ms: number): number => createdAt + ms
const claim = (ms: number, epoch = 1, node = 'node-a'): JournalEntry => ({
  type: 'claim',
  at: at(ms),
  epoch,
  node,
  endsAt: at(60_000),
})
const park = (ms: number, more: object = {}): JournalEntry => ({ type: 'park', at: at(ms), ...more })
type Turn = Extract<JournalEntry, { type: 'turn' }>
function turn(
  [from, to]: readonly [number, number],
  effects: Partial<Turn['effects']> = {},
  more: Partial<Turn> = {},
): Turn {
  const none = { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null }
  return {
    type: 'turn',
    at: at(from),
    endedAt: at(to),
    cpuMs: 1,
    delivery: { kind: 'start' },
    effects: { ...none, ...effects },
    ...more,
  }
}
const call = (number: number, tool = 'get') => ({ call: number, tool, input: '{"a":1}' })
const answer = (ms: number, number: number, more: object = {}): JournalEntry => ({
  type: 'answer',
  at: at(ms),
  call: number,
  ok: true,
  text: '"b"',
  ...more,
})

/** Returns each row as its name, its start and its end, relative to the creation. */
function spansOf(journal: Journal): unknown[] {
  return timelineOf(journal).rows.map((row) => {
    const end = endOf(row)
    return [row.name, startOf(row) - createdAt, end === undefined ? 'open' : end - createdAt]
  })
}

test('rows are in the order of their start: the queue, the claim, turns, their console output and calls, and the end', () => {
  const logs = [{ level: 'warn' as const, text: 'careful' }]
  const journal = journalOf([
    claim(5),
    turn([6, 8], { logs, calls: [call(1)] }),
    answer(20, 1),
    turn([21, 22], { end: { ok: true, result: '3' } }, { delivery: { kind: 'answer', call: 1 } }),
  ])
  expect(spansOf(journal)).toEqual([
    ['Queue', 0, 5],
    ['Started by a node', 5, 5],
    ['Turn', 6, 8],
    ['console.warn', 6, 6],
    ['get', 8, 20],
    ['Turn', 21, 22],
    ['Completed', 22, 22],
  ])
  const { rows, hasEnded, start, began } = timelineOf(journal)
  expect([hasEnded, start, began]).toEqual([true, createdAt, at(5)])
  expect(rows.find(({ id }) => id === 'call-1')!.parts).toEqual([
    { title: 'Input', text: '{"a":1}', isJson: true },
    { title: 'Output', text: '"b"', isJson: true },
  ])
  expect(rows.find(({ id }) => id === 'end')!.parts[0]!.text).toBe('3')
})

describe('a call without an answer', () => {
  const entries = [claim(0), turn([0, 1], { calls: [call(1)] })]
  const rowsOf = (...more: JournalEntry[]) => timelineOf(journalOf([...entries, ...more])).rows

  test('is open while the execution goes on', () => {
    expect(spansOf(journalOf(entries))).toContainEqual(['get', 1, 'open'])
  })

  test.each(['EXECUTION_TIMEOUT', 'CPU_TIMEOUT', 'CANCELLED'] as const)('is a problem after the end by %s', (code) => {
    const error = { code, name: 'Error', message: 'enough', retryable: false }
    const rows = rowsOf({ type: 'end', at: at(9), error })
    const row = rows.find(({ id }) => id === 'call-1')!
    expect(row).toMatchObject({ note: '#1 no answer', tone: 'unanswered' })
    expect(row.segments).toEqual([{ start: at(1), end: at(9), tone: 'unanswered' }])
    expect(isProblem(row)).toBe(true)
    expect(rows.at(-1)!.tone).toBe(code === 'CANCELLED' ? 'muted' : 'failed')
  })

  test.each([
    { ok: true, result: '1' } as const,
    { ok: false, code: 'GUEST_ERROR', name: 'TypeError', message: 'x' } as const,
  ])('is none after the code has ended by itself: $ok', (end) => {
    const row = rowsOf(turn([8, 9], { end })).find(({ id }) => id === 'call-1')!
    expect(row).toMatchObject({ note: '#1 cancelled', tone: 'muted' })
    expect(isProblem(row)).toBe(false)
  })
})

describe('approvals', () => {
  const tools = [{ name: 'refund', requiresApproval: 'always' as const }]
  const asked = [claim(0), turn([0, 1], { calls: [call(1, 'refund')] })]
  const segmentsOf = (entries: readonly JournalEntry[]) =>
    timelineOf(journalOf(entries, { tools })).rows.find(({ id }) => id === 'call-1')!

  test('a call of a tool that requires one waits from the end of its turn until the decision', () => {
    const row = segmentsOf([
      ...asked,
      { type: 'decision', at: at(50), call: 1, decision: 'approve', by: 'ann', input: '{"a":2}' },
      answer(60, 1),
    ])
    expect(row.segments).toEqual([
      { start: at(1), end: at(50), tone: 'approval' },
      { start: at(50), end: at(60), tone: 'ok' },
    ])
    expect(row.facts).toContainEqual(['Decided by', 'ann'])
    expect(row.parts.map(({ title }) => title)).toEqual(['Input', 'Input as approved', 'Output'])
  })

  test('a rejected call ends with the decision, and its error is the reason', () => {
    const rejected = { ok: false, text: '{"code":"TOOL_REJECTED"}', errorCode: 'TOOL_REJECTED' }
    const row = segmentsOf([
      ...asked,
      { type: 'decision', at: at(50), call: 1, decision: 'reject', by: 'ann', reason: 'no', answer: rejected },
    ])
    expect(row).toMatchObject({ tone: 'failed', note: '#1 TOOL_REJECTED' })
    expect(row.segments).toEqual([{ start: at(1), end: at(50), tone: 'approval' }])
  })

  test('a rejection that ends the execution ends the timeline', () => {
    const end = { code: 'APPROVAL_REJECTED', name: 'ApprovalRejectedError', message: 'no', retryable: false } as const
    const { rows, hasEnded } = timelineOf(
      journalOf([...asked, { type: 'decision', at: at(50), call: 1, decision: 'reject', reason: 'no', end }], {
        tools,
      }),
    )
    expect(hasEnded).toBe(true)
    expect(rows.at(-1)!.name).toBe('Failed: APPROVAL_REJECTED')
  })

  test('a call whose tool server asks for one waits from that moment', () => {
    const { rows } = timelineOf(
      journalOf([
        claim(0),
        turn([0, 1], { calls: [call(1)] }),
        { type: 'approval', at: at(7), call: 1, reason: 'much' },
      ]),
    )
    const row = rows.find(({ id }) => id === 'call-1')!
    expect(row.segments).toEqual([
      { start: at(1), end: at(7), tone: 'call' },
      { start: at(7), tone: 'approval' },
    ])
    expect(row.facts).toContainEqual(['Approval needed because', 'much'])
  })
})

describe('nodes', () => {
  test('a claim after a park continues, one without a park takes over', () => {
    const entries = [claim(0), turn([0, 1]), park(2), claim(10, 2), turn([10, 11]), claim(20, 3, 'node-b')]
    const { rows } = timelineOf(journalOf(entries))
    expect(rows.filter(({ kind }) => kind === 'node').map(({ name }) => name)).toEqual([
      'Started by a node',
      'Continued by a node',
      'Taken over by a node',
    ])
    expect(rows.find(({ name }) => name === 'Parked')!.segments).toEqual([{ start: at(2), end: at(10), tone: 'wait' }])
    expect(rows.find(({ name }) => name === 'Taken over by a node')!.facts).toContainEqual(['Previous node', 'node-a'])
  })

  test('a turn for which the guest was rebuilt has a mark, which is no problem', () => {
    const { rows } = timelineOf(journalOf([claim(0), turn([0, 1]), turn([5, 6], {}, { replays: 2 })]))
    const row = rows.find(({ name }) => name === 'Rebuilt by replay')!
    expect(row.facts).toEqual([['Replays', '2']])
    expect(isProblem(row)).toBe(false)
  })

  test('an eviction has a mark at its time, before the replay', () => {
    const evicted = { replays: 1, evictedAt: at(3) }
    const { rows } = timelineOf(journalOf([claim(0), turn([0, 1]), turn([5, 6], {}, evicted)]))
    const marks = rows.filter(({ kind }) => kind === 'node').map((row) => [row.name, row.note, startOf(row)])
    expect(marks.slice(1)).toEqual([
      ['Evicted from memory', 'the guest had waited for long, or memory was full', at(3)],
      ['Rebuilt by replay', 'the guest was evicted', at(5)],
    ])
  })

  test.each([
    ['another node had the guest', [claim(4, 2, 'node-b')]],
    ['the execution was parked', [park(2), claim(4, 2)]],
    ['the guest was lost', []],
  ])('a replay says why: %s', (note, between) => {
    const entries = [claim(0), turn([0, 1]), ...between, turn([5, 6], {}, { replays: 1 })]
    const { rows } = timelineOf(journalOf(entries))
    expect(rows.find(({ name }) => name === 'Rebuilt by replay')!.note).toBe(note)
  })

  test('a replay for the first turn of a step says that the session had no guest', () => {
    const { rows } = timelineOf(journalOf([claim(0), turn([0, 1], {}, { replays: 1 })]))
    expect(rows.find(({ name }) => name === 'Rebuilt by replay')!.note).toBe(
      'the guest of the session was not in memory',
    )
  })

  test('a park that needs an operator lasts until somebody acts', () => {
    const attention = { code: 'REPLAY_DIVERGED', name: 'x', message: 'it differs', retryable: false }
    const { rows } = timelineOf(journalOf([claim(0), park(3, { attention })]))
    expect(rows.at(-1)).toMatchObject({ name: 'Needs attention', tone: 'failed', segments: [{ start: at(3) }] })
  })
})

test('a call that is open while no node holds the execution waits', () => {
  const entries = [claim(0), turn([0, 1], { calls: [call(1)] }), park(5), claim(300, 2), answer(310, 1)]
  expect(timelineOf(journalOf(entries)).rows.find(({ id }) => id === 'call-1')!.segments).toEqual([
    { start: at(1), end: at(5), tone: 'call' },
    { start: at(5), end: at(300), tone: 'wait' },
    { start: at(300), end: at(310), tone: 'ok' },
  ])
})

test('a timer lasts from the turn that set it until the turn that it starts', () => {
  const journal = journalOf([
    claim(0),
    turn([0, 1], { nextTimerAt: at(100) }),
    turn([4, 5], { nextTimerAt: at(100) }),
    turn([101, 102], {}, { delivery: { kind: 'tick' } }),
  ])
  expect(spansOf(journal)).toContainEqual(['Timer', 1, 101])
})

test('timers that are due at the same time have rows of their own', () => {
  const tick = { delivery: { kind: 'tick' as const } }
  const journal = journalOf([
    claim(0),
    turn([0, 1], { nextTimerAt: at(9) }),
    turn([9, 9], { nextTimerAt: at(9) }, tick),
    turn([9, 10], {}, tick),
  ])
  const ids = timelineOf(journal).rows.map(({ id }) => id)
  expect(ids.filter((id) => id.startsWith('timer-'))).toEqual(['timer-1', 'timer-2'])
})

test('the ids of rows stay when the journal grows', () => {
  const entries = [claim(1), turn([2, 3], { calls: [call(1)], logs: [{ level: 'log', text: 'a' }] }), park(4)]
  const before = timelineOf(journalOf(entries)).rows.map(({ id }) => id)
  const after = timelineOf(journalOf([...entries, claim(9, 2), answer(10, 1)])).rows.map(({ id }) => id)
  expect(after).toEqual(expect.arrayContaining(before))
  expect(new Set(after).size).toBe(after.length)
})
