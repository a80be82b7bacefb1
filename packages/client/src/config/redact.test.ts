import { expect, test } from 'vitest'

import { createRedactor } from './redact.ts'

const redact = createRedactor(['key-0123', 'key-0123-longer', 'abc', ''])

test('redaction removes secrets from any text, the longest first, and short secrets only in named fields', () => {
  expect(redact('with key-0123, key-0123-longer, abc')).toBe('with [redacted], [redacted], abc')
  expect(redact({ list: ['Bearer key-0123'], deep: { text: 'key-0123' } })).toEqual({
    list: ['Bearer [redacted]'],
    deep: { text: '[redacted]' },
  })
})

test('redaction removes fields with secret names, but no numbers and no booleans', () => {
  const value = { executorApiKey: 'x', API_KEY: 'x', authorization: ['x'], accessToken: 'x', password: { a: 'x' } }
  const redacted = Object.fromEntries(Object.keys(value).map((name) => [name, '[redacted]']))
  expect(redact(value)).toEqual(redacted)
  const harmless = { maxTokens: 5, token: 5, hasSecret: true, toolCalls: ['x'], secret: null, key: undefined }
  expect(redact(harmless)).toEqual(harmless)
})

test('redaction copies errors, values with a toJSON and circular values', () => {
  const cause = new Error('key-0123')
  const error = Object.assign(new TypeError('key-0123 is wrong', { cause }), { token: 'x' })
  expect(redact<unknown>(error)).toMatchObject({
    name: 'TypeError',
    message: '[redacted] is wrong',
    token: '[redacted]',
    cause: { message: '[redacted]' },
  })
  expect(JSON.stringify(redact(error))).not.toContain('key-0123')
  expect(redact<unknown>({ toJSON: () => 'key-0123' })).toBe('[redacted]')
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  expect(redact(circle)).toEqual({ self: '[circular]' })
  expect(redact(createRedactor)).toBe(createRedactor)
})

test('redaction does not change the value itself', () => {
  const value = Object.freeze({ secret: 'x', list: Object.freeze(['key-0123']) })
  expect(redact(value)).not.toBe(value)
})

test('redaction covers very many fields below nested ones, and cuts values deeper than 100 levels', () => {
  const items = Array.from({ length: 100_000 }, () => ({ token: 'x', text: 'key-0123' }))
  const nested = (levels: number, value: unknown): unknown => (levels === 0 ? value : [nested(levels - 1, value)])
  const redacted = items.map(() => ({ token: '[redacted]', text: '[redacted]' }))
  expect(JSON.stringify(redact(nested(90, items)))).toBe(JSON.stringify(nested(90, redacted)))
  expect(redact(nested(5_000, 'key-0123'))).toEqual(nested(100, '[nested too deeply]'))
})

test('redaction handles a text of a million characters', () => {
  expect(redact(`${'key-012 '.repeat(150_000)}key-0123`)).toBe(`${'key-012 '.repeat(150_000)}[redacted]`)
})
