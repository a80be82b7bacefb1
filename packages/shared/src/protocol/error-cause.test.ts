import { expect, test } from 'vitest'

import { causeLimits, errorCauseSchema, type ErrorCause } from './error-cause.ts'

test('the schema keeps the fields of an error, and drops unknown ones', { tags: ['EX-8'] }, () => {
  const cause: ErrorCause = {
    name: 'ToolError',
    message: 'm',
    code: 'C',
    tool: 't',
    call: 2,
    retryable: true,
    guestStack: 's',
    cause: { name: 'Error', message: 'why' },
    errors: [{ name: 'A', message: 'a' }],
  }
  expect(errorCauseSchema.parse({ ...cause, stack: 'of the host' })).toEqual(cause)
})

test.each([
  [null],
  ['text'],
  [{ name: 'n' }],
  [{ name: 5, message: 'm' }],
  [{ name: 'n', message: 'm', cause: 'text' }],
  [{ name: 'n', message: 'm', errors: {} }],
  [{ name: 'n', message: 'm', call: 1.5 }],
])('the schema rejects %j', { tags: ['EX-8'] }, (value) => {
  expect(errorCauseSchema.safeParse(value).success).toBe(false)
})

test('the schema reads a hostile description only as deep as the limits allow', { tags: ['EX-8'] }, () => {
  let deep: unknown
  for (let i = 0; i < 100_000; i++) deep = { name: 'n', message: 'm', ...(deep !== undefined && { cause: deep }) }
  expect(JSON.stringify(errorCauseSchema.parse(deep)).match(/"name"/g)).toHaveLength(causeLimits.depth)
  const wide = { name: 'n', message: 'm', errors: Array.from({ length: 100_000 }, () => ({ name: 'n', message: 'm' })) }
  expect(errorCauseSchema.parse(wide).errors).toHaveLength(causeLimits.errors + 1)
})
