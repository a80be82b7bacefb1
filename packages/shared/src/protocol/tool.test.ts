import { describe, expect, test } from 'vitest'

import { toolAnswerSchema, toolNameSchema, toolResultsRequestSchema } from './tool.ts'

describe('the name of a tool', () => {
  test.each([
    'a',
    'github.list_issues',
    '$_1.b2.C3',
    'größe',
    '顧客.名前',
    'größe',
    '日本.名前',
    'a\u{200d}b',
    'a'.repeat(128),
  ])('may be %s', (name) => {
    expect(toolNameSchema.safeParse(name).success).toBe(true)
  })

  test.each(['', '.', 'a.', '.a', 'a..b', '1a', 'a-b', 'a b', '🎉', '\u{301}a-', '😀', '²', 'a\n', 'a'.repeat(129)])(
    'may not be %j',
    (name) => {
      expect(toolNameSchema.safeParse(name).success).toBe(false)
    },
  )
})

describe('an answer', () => {
  test.each([
    [{ ok: true, output: null }],
    [{ ok: false, error: { message: 'no' } }],
    [{ ok: false, error: { name: 'E', message: 'no', code: 'MINE', data: [1], retryable: true } }],
  ])('may be %j', (answer) => {
    expect(toolAnswerSchema.parse(structuredClone(answer))).toEqual(answer)
  })

  test.each([
    [{ ok: true }],
    [{ ok: false }],
    [{ ok: false, error: {} }],
    [{ ok: false, error: 'no' }],
    [{ ok: 'true', output: 1 }],
    [{ output: 1 }],
    [null],
  ])('may not be %j', (answer) => {
    expect(toolAnswerSchema.safeParse(answer).success).toBe(false)
  })
})

const accepts = (count: number) =>
  toolResultsRequestSchema.safeParse({
    results: Array.from({ length: count }, (_, i) => ({ callId: `exe_1:${i}`, answer: { ok: true, output: i } })),
  }).success

test('a request has one to a thousand answers', () => {
  expect([0, 1, 1_000, 1_001].map(accepts)).toEqual([false, true, true, false])
})
