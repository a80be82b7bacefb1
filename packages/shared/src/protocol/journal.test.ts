import { describe, expect, test } from 'vitest'

import { codesOfKind } from '../errors/codes.ts'
import { defaultRequestLimits, fixedLimits } from '../limits.ts'
import { guestEndSchema, journalSchema, turnEffectsSchema, type Journal } from './journal.ts'

const effects = {
  calls: [{ call: 1, tool: 'search', input: '{}' }],
  logs: [{ level: 'log' as const, text: 'hello' }],
  logsDropped: { entries: 0, bytes: 0 },
  nextTimerAt: null,
}

const journal: Journal = {
  header: {
    version: 2,
    executionId: 'exe_1',
    correlationId: 'cor_1',
    createdAt: '2026-01-01T00:00:00.000Z',
    code: 'return tools.search({})',
    input: 'null',
    context: '{}',
    config: '{}',
    tools: [{ name: 'search' }],
    limits: { ...defaultRequestLimits, ...fixedLimits },
    seed: 'ab'.repeat(32),
    runtime: { guestRuntime: 'abc', v8: '14', icu: '77', arch: 'x64' },
  },
  entries: [
    { type: 'claim', at: 1, epoch: 1, node: 'a', endsAt: 30_001 },
    { type: 'turn', at: 1, endedAt: 2, cpuMs: 0.5, delivery: { kind: 'start' }, effects },
    { type: 'answer', at: 2, call: 1, ok: true, text: '42' },
    {
      type: 'turn',
      at: 3,
      endedAt: 3,
      cpuMs: 0.1,
      delivery: { kind: 'answer', call: 1 },
      effects: { ...effects, calls: [], end: { ok: true, result: '42' } },
    },
  ],
}

/** Codes that only the host may report, because it measures or decides them itself. */
const hostCodes = [
  'CPU_TIMEOUT',
  'EXECUTION_TIMEOUT',
  'NEVER_SETTLES',
  'SANDBOX_CRASHED',
  'APPROVAL_REJECTED',
  'CANCELLED',
  'REPLAY_DIVERGED',
  'INTERNAL',
]
const isGuestEnd = (code: string) =>
  guestEndSchema.safeParse({ ok: false, code, name: 'Error', message: 'boom' }).success

describe('the end that a guest reports', () => {
  test.each(hostCodes)('is not %s, which only the host decides', (code) => {
    expect(codesOfKind('execution')).toContain(code)
    expect(isGuestEnd(code)).toBe(false)
  })

  test.each(codesOfKind('execution').filter((code) => !hostCodes.includes(code)))('may be %s', (code) => {
    expect(isGuestEnd(code)).toBe(true)
  })

  test.each(['TOOL_ERROR', 'CLIENT_CLOSED', 'NEW_CODE', ''])('is not %j', (code) => {
    expect(isGuestEnd(code)).toBe(false)
  })

  test.each([
    ['name', 1_024],
    ['message', 65_536],
    ['stack', 65_536],
  ])('has a %s of bounded length', (field, max) => {
    const end = { ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'boom' }
    const accepts = (length: number) => guestEndSchema.safeParse({ ...end, [field]: 'x'.repeat(length) }).success
    expect([accepts(max), accepts(max + 1)]).toEqual([true, false])
  })
})

describe('the effects of a turn', () => {
  test.each<[string, object]>([
    ['a call without a number', { calls: [{ tool: 'search', input: '{}' }] }],
    ['call number zero', { calls: [{ call: 0, tool: 'search', input: '{}' }] }],
    ['a fractional call number', { calls: [{ call: 1.5, tool: 'search', input: '{}' }] }],
    ['a name that is too long', { calls: [{ call: 1, tool: 'x'.repeat(129), input: '{}' }] }],
    ['an input that is not text', { calls: [{ call: 1, tool: 'search', input: {} }] }],
    ['an unknown level', { logs: [{ level: 'fatal', text: '' }] }],
    ['a log that is not text', { logs: [{ level: 'log', text: 1 }] }],
    ['a negative count', { logsDropped: { entries: -1, bytes: 0 } }],
    ['a timer with a negative time', { nextTimerAt: -1 }],
    ['a timer with an invalid time', { nextTimerAt: Number.NaN }],
    ['a missing timer', { nextTimerAt: undefined }],
    ['a result that is not text', { end: { ok: true, result: 42 } }],
    ['an end that is neither a result nor a failure', { end: { ok: 1, result: '42' } }],
  ])('are rejected with %s', (_title, wrong) => {
    expect(turnEffectsSchema.safeParse(effects).success).toBe(true)
    expect(turnEffectsSchema.safeParse({ ...effects, ...wrong }).success).toBe(false)
  })
})

describe('a journal', () => {
  test('is parsed as it was written', () => {
    expect(journalSchema.parse(JSON.parse(JSON.stringify(journal)))).toEqual(journal)
  })

  test.each<[string, object]>([
    ['another version', { version: 1 }],
    ['a seed of other than 256 bits', { seed: 'ab'.repeat(31) }],
    ['a seed in upper case', { seed: 'AB'.repeat(32) }],
    ['a missing limit', { limits: { ...journal.header.limits, cpuTimeoutMs: undefined } }],
    ['a missing fixed limit', { limits: { ...journal.header.limits, timers: undefined } }],
    ['an input that is not text', { input: null }],
    ['an invalid time', { createdAt: 'yesterday' }],
  ])('is rejected with %s', (_title, wrong) => {
    const changed = { ...journal, header: { ...journal.header, ...wrong } }
    expect(journalSchema.safeParse(changed).success).toBe(false)
  })

  test.each<[string, unknown]>([
    ['of an unknown type', { type: 'pause', at: 1 }],
    ['without its time', { type: 'answer', call: 1, ok: true, text: '' }],
    ['of an unknown delivery', { type: 'turn', at: 1, delivery: { kind: 'resume' }, effects }],
    ['of an answer to no call', { type: 'turn', at: 1, delivery: { kind: 'answer' }, effects }],
    ['of an end with a code of requests', { type: 'end', at: 1, error: { code: 'OVERLOADED', name: '', message: '' } }],
  ])('is rejected with an entry %s', (_title, entry) => {
    expect(journalSchema.safeParse({ ...journal, entries: [entry] }).success).toBe(false)
  })
})
