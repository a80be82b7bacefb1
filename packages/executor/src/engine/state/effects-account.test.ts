import { defaultRequestLimits, fixedLimits, type GuestEnd, type TurnEffects } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { EffectsAccount } from './effects-account.ts'

const limits = { ...defaultRequestLimits, ...fixedLimits, maxToolCalls: 3, logBytes: 100, resultBytes: 10 }

const effectsOf = (effects: Partial<TurnEffects>): TurnEffects => ({
  calls: [],
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  nextTimerAt: null,
  ...effects,
})
const calls = (...numbers: number[]) =>
  effectsOf({ calls: numbers.map((call) => ({ call, tool: 'search', input: '{}' })) })
const log = (text: string) => effectsOf({ logs: [{ level: 'log', text }] })
const ended = (end: GuestEnd) => effectsOf({ end })
const failed = (details: object) =>
  ended({ ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'boom', details: details as Record<string, never> })

/** Returns the violation in a turn that follows valid turns. */
function violationIn(effects: TurnEffects, ...before: TurnEffects[]): string | undefined {
  const account = new EffectsAccount(limits)
  for (const each of before) {
    expect(account.violationIn(each)).toBe(undefined)
    account.add(each)
  }
  return account.violationIn(effects)
}

describe('effects that the check accepts', () => {
  test.each([
    ['nothing', effectsOf({})],
    ['calls with increasing numbers', calls(1, 2, 3)],
    ['calls with gaps in their numbers, for calls that the runtime refused', calls(1, 7)],
    ['console output of exactly the limit', log('x'.repeat(100))],
    ['a cut entry with the note about the cut', log('x'.repeat(100 + 1024 - 64))],
    ['a result of exactly the limit', ended({ ok: true, result: JSON.stringify('éééé') })],
    ['a failure without details', ended({ ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'boom' })],
    ['a failure with details', failed({ path: '.items[3]' })],
  ])('%s', (_title, effects) => {
    expect(violationIn(effects)).toBe(undefined)
  })
})

describe('effects that the check refuses, as only a compromised process reports them', () => {
  test.each([
    ['a repeated call number', calls(1, 1), 'call number 1 follows call number 1'],
    ['calls with decreasing numbers', calls(2, 1), 'call number 1 follows call number 2'],
    ['more calls than allowed', calls(1, 2, 3, 4), 'the execution made more than 3 tool calls (maxToolCalls)'],
    [
      'more console output than allowed',
      log('x'.repeat(100 + 1024 - 64 + 1)),
      'the console output has more than 100 bytes (logBytes)',
    ],
    [
      'output above the limit only in bytes',
      log('é'.repeat(600)),
      'the console output has more than 100 bytes (logBytes)',
    ],
    [
      'a result above the limit only in bytes',
      ended({ ok: true, result: '"ééééé"' }),
      'the result has more than 10 bytes (resultBytes)',
    ],
    ['a result that is not JSON', ended({ ok: true, result: 'undefined' }), 'the result is not JSON'],
    ['no result', ended({ ok: true, result: '' }), 'the result is not JSON'],
    ['huge details', failed({ text: 'x'.repeat(65_536) }), 'the details have more than 65536 characters'],
  ])('%s', (_title, effects, violation) => {
    expect(violationIn(effects)).toBe(violation)
  })
})

describe('effects of earlier turns', () => {
  test('make their call numbers invalid for later turns', () => {
    expect(violationIn(calls(5), calls(2, 5))).toBe('call number 5 follows call number 5')
    expect(violationIn(calls(6), calls(2, 5), effectsOf({}))).toBe(undefined)
  })

  test('add up with later ones, for calls and console output', () => {
    const before = [calls(1, 2), log('x'.repeat(1_024 - 64))]
    expect(violationIn(calls(3), ...before)).toBe(undefined)
    expect(violationIn(calls(3, 4), ...before)).toBe('the execution made more than 3 tool calls (maxToolCalls)')
    expect(violationIn(log('x'.repeat(36)), ...before)).toBe(undefined)
    expect(violationIn(log('x'.repeat(37)), ...before)).toBe('the console output has more than 100 bytes (logBytes)')
  })

  test('do not count when they were refused', () => {
    const account = new EffectsAccount(limits)
    expect(account.violationIn(calls(1, 2, 3, 4))).toBe('the execution made more than 3 tool calls (maxToolCalls)')
    expect(account.violationIn(calls(1, 2, 3))).toBe(undefined)
  })
})

test('console output counts in bytes of UTF-8, plus 64 for each entry', () => {
  const counted = 3 + 2 + 4 + 4 * 64
  const logsBefore = ['abc', 'é', '🙂', ''].map((text) => ({ level: 'log', text }) as const)
  const most = 100 + 1024 - counted - 64
  expect(violationIn(log('x'.repeat(most)), effectsOf({ logs: logsBefore }))).toBe(undefined)
  expect(violationIn(log('x'.repeat(most + 1)), effectsOf({ logs: logsBefore }))).toBe(
    'the console output has more than 100 bytes (logBytes)',
  )
})

test('the logs of an unfinished turn are kept if they are within the limit', () => {
  const account = new EffectsAccount(limits)
  account.add(log('x'.repeat(1_024 - 64)))
  const { logs, logsDropped } = log('x'.repeat(36))
  expect(account.checkedLogs({ logs, logsDropped })).toEqual({ logs, logsDropped })
  expect(account.checkedLogs(log('x'.repeat(37)))).toBe(undefined)
})
