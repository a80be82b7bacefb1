import { expect, test } from 'vitest'

import {
  callIdOf,
  callNumberOf,
  correlationIdSchema,
  executionIdSchema,
  newCorrelationId,
  newExecutionId,
  newSessionId,
} from './ids.ts'

test('execution and session ids are UUIDs of version 7 that sort by time', () => {
  const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  expect(newExecutionId().replace('exe_', '')).toMatch(uuidv7)
  expect(newSessionId().replace('ses_', '')).toMatch(uuidv7)
  expect(executionIdSchema.safeParse(newExecutionId()).success).toBe(true)
  expect(newExecutionId(1_000) < newExecutionId(1_001)).toBe(true)
})

test('correlation ids hold at least 80 random bits and never repeat', () => {
  const ids = new Set(Array.from({ length: 10_000 }, () => newCorrelationId('app')))
  expect(ids.size).toBe(10_000)
  for (const id of ids) {
    expect(id).toMatch(/^app_[0-9a-f]{24}$/)
    expect(correlationIdSchema.safeParse(id).success).toBe(true)
  }
})

test('a call id belongs to one execution only', () => {
  expect(callNumberOf('exe_1', callIdOf('exe_1', 7))).toBe(7)
  for (const foreign of ['exe_2:7', 'exe_1:0', 'exe_1:07', 'exe_1:', 'exe_1', 'exe_1:7:7', 'exe_1:-1']) {
    expect(callNumberOf('exe_1', foreign)).toBeUndefined()
  }
})
