import type { Json } from '@codemode/shared'
import { expect, test } from 'vitest'

import { callFingerprint } from './call-fingerprint.ts'

test.each<[Json, Json]>([
  [
    { a: 1, b: [{ c: 2, d: 3 }] },
    { b: [{ d: 3, c: 2 }], a: 1 },
  ],
  [
    JSON.parse('{"x": 1.0e2, "__proto__": {"y": null}}') as Json,
    JSON.parse('{"__proto__":{"y":null},"x":100}') as Json,
  ],
  ['\u00e9', JSON.parse('"\\u00e9"') as Json],
])('equal values have equal fingerprints: %j', { tags: ['TL-6'] }, (first, second) => {
  expect(callFingerprint('pay', first)).toBe(callFingerprint('pay', second))
})

test('another tool, another value and another structure have other fingerprints', { tags: ['TL-6'] }, () => {
  const inputs = [
    null,
    0,
    '0',
    '',
    [],
    {},
    [[]],
    [{}],
    [0],
    ['0'],
    [0, 0],
    '[0]',
    { a: 0 },
    { a: [0] },
    { a: 0, b: 0 },
    { 'a":0,"b': 0 },
  ]
  const all = inputs.flatMap((input) => [callFingerprint('pay', input), callFingerprint('pay2', input)])
  expect(new Set(all).size).toBe(2 * inputs.length)
  expect(callFingerprint('pay', { a: { b: 1 } })).not.toBe(
    callFingerprint('pay', JSON.parse('{"__proto__":{"b":1}}') as Json),
  )
})

const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json

test('an input may be nested as deeply as JSON allows', { tags: ['TL-6'] }, () => {
  expect(callFingerprint('pay', nested(200_000))).not.toBe(callFingerprint('pay', nested(200_001)))
})
