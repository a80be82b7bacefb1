import { codesOfKind } from '@codemode/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { emptyRunFields, type ExecutionResult } from '../run/execution-result.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { formatError } from './format-error.ts'
import { formatResult } from './format-result.ts'
import { publicCodes } from './message-for-model.ts'

const ids = { executionId: 'exe_0197f1c2-0000-7000-8000-000000000000', correlationId: 'c'.repeat(16) }
const fields = { ...ids, ...emptyRunFields(), source: 'executor' } as const
const completed = (result: unknown, more: object = {}) =>
  ({ success: true, result, ...fields, ...more }) as ExecutionResult
const failed = (error: object, more: object = {}): ExecutionResult => ({
  success: false,
  ...fields,
  ...more,
  error: {
    code: 'GUEST_ERROR',
    name: 'TypeError',
    message: 'x is undefined',
    retryable: false,
    ...error,
  },
})
const at = '2026-01-01T00:00:00.000Z'
const call = (tool: string, status: string, errorCode?: string) => ({
  callId: 'c',
  tool,
  status,
  durationMs: 1,
  errorCode,
})

test('a value is JSON, with warnings, calls by outcome, and the log', () => {
  const text = formatResult(
    completed([1, '2\n3'], {
      warnings: [{ code: 'CALL_NOT_AWAITED', message: 'get was not awaited', line: 3 }],
      toolCalls: [call('get', 'completed'), call('get', 'completed'), call('get', 'failed', 'NOT_FOUND')],
      logs: [
        { level: 'log', text: 'one\nTool calls:', at },
        { level: 'warn', text: 'two', at },
      ],
    }),
  )
  expect(text).toBe(`The code completed.

Value:
[1,"2\\n3"]

Warnings:
- CALL_NOT_AWAITED in line 3: get was not awaited

Tool calls:
- get: completed × 2
- get: failed (NOT_FOUND)

Log (2 entries):
- one
  Tool calls:
- warn: two`)
})

test('a failure has error, hint, stack, causes, details, and the calls whose effects remain', () => {
  const text = formatResult(
    failed(
      {
        hint: 'Tools are called through tools.',
        guestStack: 'at line 1',
        cause: { name: 'ToolError', message: 'no', code: 'DENIED', cause: { name: 'Error', message: 'inner' } },
        details: { tool: 'bank' },
      },
      { toolCalls: [call('bank', 'failed', 'DENIED')], session: { id: 's', step: 2, stateKept: false } },
    ),
  )
  expect(text).toBe(`The code failed with GUEST_ERROR. The session has the state before this step.

Error:
  TypeError: x is undefined

Hint:
  Tools are called through tools.

Stack:
  at line 1

Causes:
- ToolError: no (DENIED)
  - Error: inner

Details:
{"tool":"bank"}

Tool calls before the failure (their effects remain):
- bank: failed (DENIED)`)
})

test('a paused execution says what it waits for, and how the model goes on', () => {
  const approval = { tool: 'refund', input: { order: 17 }, reason: 'over 100' }
  const paused = { success: false, status: 'paused', ...fields, approvals: [approval] } as unknown as ExecutionResult
  const text = formatResult(paused, { howToResume: 'Call get_execution with the id.' })
  expect(text).toContain('The execution is paused: a tool call must be approved by a person.')
  expect(text).toContain('- refund({"order":17})\n  reason: over 100')
  expect(text).toContain(`Its id is ${ids.executionId}. Do not run the code again`)
  expect(text.endsWith('Call get_execution with the id.')).toBe(true)
})

test('a long value is cut, and the text says of how much, and how many items it had', () => {
  const text = formatResult(completed(Array.from({ length: 9_000 }, (_, i) => i)), { maxChars: 2_000 })
  expect(text.length).toBeLessThanOrEqual(2_000)
  expect(text).toMatch(/\[cut: 1\d{3} of \d{5} characters are shown\. It is an array of 9000 items\. Return less/)
})

test('of a long log the end is kept, and a short value next to it is not cut', () => {
  const logs = Array.from({ length: 2_000 }, (_, i) => ({ level: 'log', text: `line ${i}`, at }))
  const text = formatResult(completed({ total: 7 }, { logs, logsDropped: { entries: 3, bytes: 9 } }), {
    maxChars: 1_500,
  })
  expect(text).toContain('{"total":7}')
  expect(text).toContain('Log (2000 entries, 3 more were dropped):\n[cut: ')
  expect(text.endsWith('- line 1999')).toBe(true)
})

test('text of the code never begins a line of the result, and the text keeps to its limit', () => {
  const string = fc.string({
    unit: fc.constantFrom('a', '\n', '\r', '\u2028', 'Value:', '\ud83d\ude00'),
    maxLength: 2_000,
  })
  const log = fc.record({ level: fc.constantFrom('log', 'error'), text: string, at: fc.constant(at) })
  const results = fc.oneof(
    fc
      .tuple(fc.oneof(string, fc.array(string, { maxLength: 20 })), fc.array(log, { maxLength: 5 }))
      .map(([value, logs]) => completed(value, { logs })),
    fc
      .record({ message: string, name: string, guestStack: string, hint: string })
      .map((error) => failed({ ...error, cause: error, errors: [error] })),
  )
  fc.assert(
    fc.property(results, fc.integer({ min: 1_000, max: 4_000 }), (result, maxChars) => {
      const text = formatResult(result, { maxChars })
      expect(text.length).toBeLessThanOrEqual(maxChars)
      expect(text.match(/^Value:$/gm) ?? []).toHaveLength(result.success ? 1 : 0)
    }),
  )
})

test('results of custom executors without lists, and values that are no JSON, have a text', () => {
  expect(formatResult({ success: true } as ExecutionResult)).toBe('The code completed.\n\nValue:\nnull')
})

test('a limit that is too small is refused', () => {
  expect(() => formatResult(completed(1), { maxChars: 10 })).toThrow(
    'maxChars must be a whole number from 1,000; it is 10.',
  )
})

test('the text of an error has its code, advice and correlation id, and of a foreign error no message', () => {
  const options = { retryable: true, correlationId: 'cor_1' }
  expect(formatError(new ExecutorClientError('QUEUE_TIMEOUT', 'The queue is full', options))).toBe(
    'The request to run the code failed with QUEUE_TIMEOUT.\nError: The queue is full.\nThe same code may succeed later.\nCorrelation id: cor_1',
  )
  expect(formatError(new Error('secret'))).not.toContain('secret')
})

const isPublic = (code: string): boolean =>
  formatError(new ExecutorClientError(code, 'http://10.0.0.5/srv is down')).includes('10.0.0.5')

test('the text of an error has no host and no option of the operator', () => {
  const codes = [...codesOfKind('request'), ...codesOfKind('client'), 'CUSTOM', 'toString']
  expect(codes.filter((code) => isPublic(code) && !publicCodes.has(code))).toEqual([])
  expect(['NOT_FOUND', 'SESSION_EXPIRED'].filter(isPublic)).toEqual(['NOT_FOUND', 'SESSION_EXPIRED'])
  expect(formatError(new ExecutorClientError('GUEST_ERROR', 'x is undefined'))).toContain('Error: x is undefined.')
  expect(formatError(new ExecutorClientError('CONNECTION_FAILED', 'no'))).toContain('can not be reached')
})
