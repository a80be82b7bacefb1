import { expect, test } from 'vitest'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { decisionFrom } from './decision.ts'

test.each([
  [{ approve: true }, { decision: 'approve' }],
  [
    { approve: true, input: { at: new Date(0) }, note: 'less' },
    { decision: 'approve', input: { at: '1970-01-01T00:00:00.000Z' }, note: 'less' },
  ],
  [{ approve: true, input: undefined, note: undefined }, { decision: 'approve' }],
  [{ reject: 'too much' }, { decision: 'reject', reason: 'too much' }],
  [
    { reject: 'fraud', end: true, note: 'n' },
    { decision: 'reject', reason: 'fraud', end: true, note: 'n' },
  ],
  [{ respond: 0 }, { decision: 'respond', output: 0 }],
  [{ respond: null }, { decision: 'respond', output: null }],
  [
    { respond: false, note: 'n' },
    { decision: 'respond', output: false, note: 'n' },
  ],
])('the decision %j has one form on the wire', (given, wire) => {
  expect(decisionFrom(given)).toEqual(wire)
})

test.each([
  [undefined, 'must be one of'],
  [null, 'must be one of'],
  [true, 'must be one of'],
  [{}, 'must be one of'],
  [{ approve: false }, "approve is false; it must be true. To refuse the call: { reject: 'reason' }."],
  [{ approved: true }, 'the value is an object with approved; did you mean approve?'],
  [{ approve: true, reject: 'both' }, 'must be one of'],
  [{ approve: true, end: true }, 'has the property end, which does not go with approve'],
  [{ reject: '' }, 'reject: it must have at least 1 character'],
  [{ reject: true }, 'reject: expected string'],
  [{ reject: true }, "codemode.decide(approval, { reject: 'reason' })"],
  [{ reject: 'no', note: 'x'.repeat(5_000) }, 'note: it must have at most 4,096 characters'],
  [{ respond: () => 1 }, "can't be sent"],
])('the value %j is no decision', (given, problem) => {
  expect(() => decisionFrom(given)).toThrow(ConfigurationError)
  expect(() => decisionFrom(given)).toThrow(problem)
})
