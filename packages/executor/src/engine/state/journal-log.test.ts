import {
  defaultRequestLimits,
  fixedLimits,
  journalSchema,
  journalVersion,
  type JournalEntry,
  type JournalHeader,
  type TurnEffects,
} from '@codemode/shared'
import { array, assert, jsonValue, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { anyCharacter } from '../../../../../tests/support/any-character.ts'
import { cancelled, executionTimeout, journalTooLarge, neverSettles, stoppedByLimit } from '../runner/failures.ts'
import { JournalLog } from './journal-log.ts'

const header: JournalHeader = {
  version: journalVersion,
  executionId: 'exe_1',
  correlationId: 'cor_1',
  createdAt: '2026-01-01T00:00:00.000Z',
  code: 'return 1',
  input: 'null',
  context: '{}',
  config: '{}',
  tools: [{ name: 'search', inputSchema: { type: 'object' }, timeoutMs: 5_000 }],
  limits: { ...defaultRequestLimits, ...fixedLimits },
  seed: 'ab'.repeat(32),
  runtime: { guestRuntime: 'abc', v8: '14', icu: '77', arch: 'x64' },
}

const effects: TurnEffects = {
  calls: [{ call: 1, tool: 'search', input: '{"q":"x"}' }],
  logs: [{ level: 'log', text: 'hello' }],
  logsDropped: { entries: 2, bytes: 300 },
  nextTimerAt: 1_500,
}
const stopped = { logs: effects.logs, logsDropped: effects.logsDropped }
const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 5 } as const

/** Entries of every kind that the engine writes. */
const entries: JournalEntry[] = [
  { type: 'claim', at: 999, epoch: 1, node: 'a', endsAt: 30_999 },
  { type: 'turn', at: 1_000, endedAt: 1_001, cpuMs: 0.5, delivery: { kind: 'start' }, effects },
  { type: 'answer', at: 1_001, call: 1, ok: true, text: '{"hits":[]}' },
  { type: 'answer', at: 1_001, call: 2, ok: false, text: '{"message":"no"}', errorCode: 'TOOL_ERROR' },
  {
    type: 'turn',
    at: 1_002,
    endedAt: 1_002,
    cpuMs: 0,
    replays: 1,
    delivery: { kind: 'answer', call: 1 },
    effects: { ...effects, calls: [{ call: 3, tool: 'unknown', input: 'null' }] },
    refused: [3],
  },
  {
    type: 'turn',
    at: 1_500,
    endedAt: 1_500,
    cpuMs: 1,
    delivery: { kind: 'tick' },
    effects: { ...effects, nextTimerAt: null, end: { ok: true, result: '42' } },
  },
  {
    type: 'turn',
    at: 1_500,
    endedAt: 1_500,
    cpuMs: 1,
    delivery: { kind: 'tick' },
    effects: {
      ...effects,
      end: { ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'boom', stack: 'at 1:1', details: { a: [1] } },
    },
  },
  ...[
    cancelled('enough'),
    executionTimeout(wallTimeout),
    neverSettles(),
    journalTooLarge(1),
    ...(['timeout', 'memory'] as const).map((reason) =>
      stoppedByLimit({ reason, waitedForClock: true, cpuMs: 1e6 }, header.limits, wallTimeout),
    ),
  ].map((error) => ({ type: 'end', at: 1_600, error, cpuMs: 3, replays: 2, ...stopped }) as const),
  { type: 'end', at: 1_600, error: neverSettles() },
]

function journalOf(...all: JournalEntry[]): JournalLog {
  const journal = new JournalLog(header)
  for (const entry of all) journal.append(entry)
  return journal
}

/** Returns the number of bytes by which an entry makes a journal grow. */
function growthBy(entry: JournalEntry): number {
  return journalOf(entry).sizeBytes - journalOf().sizeBytes
}

describe('the snapshot of a journal', () => {
  test('can be read back unchanged, with every kind of entry that the engine writes', () => {
    const journal = journalOf(...entries).snapshot()
    expect(journal.entries).toEqual(entries)
    expect(journalSchema.parse(JSON.parse(JSON.stringify(journal)))).toEqual(journal)
  })

  test('keeps every payload byte for byte', () => {
    assert(
      property(string({ unit: anyCharacter }), array(jsonValue({ stringUnit: anyCharacter })), (text, values) => {
        const { header, entries } = journalOf(
          { type: 'answer', at: 1, call: 1, ok: false, text: JSON.stringify(values) },
          {
            type: 'turn',
            at: 2,
            endedAt: 2,
            cpuMs: 1,
            delivery: { kind: 'start' },
            effects: { ...effects, logs: [{ level: 'warn', text }] },
          },
        ).snapshot()
        expect(journalSchema.parse(JSON.parse(JSON.stringify({ header, entries }))).entries).toEqual(entries)
      }),
    )
  })

  test('keeps its length while the execution adds entries', () => {
    const journal = journalOf(entries[0]!)
    const snapshot = journal.snapshot()
    journal.append(entries[1]!)
    expect(snapshot.entries).toHaveLength(1)
    expect(journal.entries).toHaveLength(2)
  })
})

describe('a delivery from the journal', () => {
  test('has the text of an answer, and its own time', () => {
    const journal = journalOf({ type: 'answer', at: 1, call: 7, ok: false, text: '{"message":"no"}' })
    expect(journal.guestDelivery({ kind: 'answer', call: 7 }, 5)).toEqual({
      kind: 'answer',
      at: 5,
      call: 7,
      ok: false,
      text: '{"message":"no"}',
    })
  })

  test.each(['start', 'tick'] as const)('of kind %s has no text', (kind) => {
    expect(journalOf().guestDelivery({ kind }, 5)).toEqual({ kind, at: 5 })
  })

  test('of an answer that the journal lacks throws', () => {
    expect(() => journalOf().guestDelivery({ kind: 'answer', call: 7 }, 5)).toThrow(
      'The journal delivers an answer to call 7 but has no entry with that answer',
    )
  })
})

/** Returns a turn with the given effects and no others. */
const turn = (more: Partial<TurnEffects>): JournalEntry => ({
  type: 'turn',
  at: 1,
  endedAt: 1,
  cpuMs: 1,
  delivery: { kind: 'tick' },
  effects: { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null, ...more },
})

describe('the size of a journal', () => {
  const text = 'é'.repeat(500)

  test('includes the code and its data at first', () => {
    const larger = new JournalLog({ ...header, code: text, input: text, context: text, config: text })
    const bytesBefore = ['return 1', 'null', '{}', '{}'].join('').length
    expect(larger.sizeBytes - journalOf().sizeBytes).toBe(4 * 1_000 - bytesBefore)
  })

  test('grows with an empty entry, so that timers cannot fill the memory', () => {
    expect(growthBy(turn({}))).toBeGreaterThan(0)
  })

  test.each<[string, JournalEntry]>([
    ['an answer', { type: 'answer', at: 1, call: 1, ok: true, text }],
    ['the input of a call', turn({ calls: [{ call: 1, tool: 'search', input: text }] })],
    ['console output', turn({ logs: [{ level: 'log', text }] })],
    ['a result', turn({ end: { ok: true, result: text } })],
    ['a message', turn({ end: { ok: false, code: 'GUEST_ERROR', name: 'Error', message: text } })],
    ['a stack', turn({ end: { ok: false, code: 'GUEST_ERROR', name: 'Error', message: '', stack: text } })],
    ['a failure', { type: 'end', at: 1, error: { ...neverSettles(), message: text } }],
  ])('grows by the bytes of %s', (_title, entry) => {
    expect(growthBy(entry) - growthBy(turn({}))).toBeGreaterThanOrEqual(1_000)
  })
})
