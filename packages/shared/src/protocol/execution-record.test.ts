import { expect, test } from 'vitest'

import { cancelRequestSchema, executionRecordSchema, executionStatusSchema, isFinal } from './execution-record.ts'

const record = {
  executionId: 'exe_1',
  correlationId: 'cor_1',
  status: 'running',
  createdAt: '2026-01-01T00:00:00.000Z',
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  toolCalls: [],
  warnings: [],
  usage: { cpuMs: 0.5, wallMs: 1, queueMs: 0, waitMs: 0, turns: 1, replays: 0 },
}

test('an execution has ended when it has completed, failed or been cancelled, and at no other status', () => {
  expect(executionStatusSchema.options.filter(isFinal)).toEqual(['completed', 'failed', 'cancelled'])
})

test('the schema of a record ignores fields that this version does not know', () => {
  expect(executionRecordSchema.parse({ ...record, region: 'eu' })).toEqual(record)
})

test('a result of null is a valid result', () => {
  expect(executionRecordSchema.parse({ ...record, success: true, result: null })).toMatchObject({ result: null })
})

test('a cancellation has an optional reason, and no other field', () => {
  expect(cancelRequestSchema.parse({})).toEqual({})
  expect(cancelRequestSchema.safeParse({ reason: 'x'.repeat(1_000) }).success).toBe(true)
  expect(cancelRequestSchema.safeParse({ reason: 'x'.repeat(1_001) }).success).toBe(false)
  expect(cancelRequestSchema.safeParse({ cause: 'x' }).success).toBe(false)
})
