import { runInNewContext } from 'node:vm'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

import { expect, test } from 'vitest'

import * as client from '../index.ts'
import { deserializeError, serializeError, type SerializedThrown } from './transfer.ts'

const ids = { correlationId: 'c', executionId: 'e', retryable: true, ambiguous: true, attempts: 3, httpStatus: 503 }
const all = { ...ids, retryAfterMs: 5, suggestion: 's', details: { a: [1] }, cause: new TypeError('why') }
const log = { level: 'log', text: 't', at: 'now' } as const

const errors: Record<string, Error> = {
  ExecutorClientError: new client.ExecutorClientError('INTERNAL', 'm', all),
  ExecutionError: new client.ExecutionError('GUEST_ERROR', 'm', {
    ...all,
    errorName: 'RangeError',
    guestStack: 'at 1:1',
    logs: [log],
    warnings: [],
    toolCalls: [{ callId: 'e:1', tool: 't', status: 'completed', durationMs: 1 }],
  }),
  ExecutorTimeoutError: new client.ExecutorTimeoutError('CPU_TIMEOUT', 'm', {
    ...all,
    layer: 'cpu',
    timeoutMs: 5,
    option: 'cpuTimeoutMs',
  }),
  ExecutorConnectionError: new client.ExecutorConnectionError('m', { ...all, code: 'OUTCOME_AMBIGUOUS' }),
  CancelledError: new client.CancelledError('m', { ...all, cause: 'a text' }),
  ToolError: new client.ToolError('m', {
    code: 'X',
    data: { a: 1 },
    tool: 't',
    cause: new DOMException('m', 'AbortError'),
  }),
  ConfigurationError: new client.ConfigurationError('m', 'line 1\nline 2', { cause: new SyntaxError('why') }),
  ApprovalPendingError: new client.ApprovalPendingError('m', {
    ...all,
    executionId: 'exe_1',
    approvals: [
      {
        executionId: 'exe_1',
        callId: 'exe_1:1',
        tool: 't',
        input: {},
        inputHash: '0'.repeat(64),
        status: 'pending',
        requestedAt: '2026-01-01T00:00:00.000Z',
      },
    ],
  }),
  AggregateError: new AggregateError([new client.CancelledError('m'), 'a text'], 'm'),
  Error: Object.assign(new Error('m', { cause: new client.ToolError('m') }), { code: 'ECONNREFUSED', errno: -111 }),
  DOMException: new DOMException('m', 'TimeoutError'),
}

/** Sends an error through a real message port, as another thread does, and returns the received error. */
function cross(error: unknown): unknown {
  const { port1, port2 } = new MessageChannel()
  port2.postMessage(serializeError(error), [])
  const { message } = receiveMessageOnPort(port1) as { message: SerializedThrown }
  port1.close()
  return deserializeError(message)
}

test('the test covers every error class that the client exports', () => {
  const exported = Object.entries(client).filter(
    ([, value]) => 'prototype' in value && value.prototype instanceof Error,
  )
  expect(Object.keys(errors)).toEqual(expect.arrayContaining(exported.map(([name]) => name)))
})

test.each(Object.entries(errors))('%s keeps its class, its fields and its causes between threads', (_, error) => {
  const crossed = cross(error) as Error
  expect(crossed.constructor).toBe(error.constructor)
  expect(Object.keys(crossed)).toEqual(Object.keys(error))
  expect(crossed).toEqual(error)
  expect([crossed.name, crossed.message, crossed.cause]).toEqual([error.name, error.message, error.cause])
  expect((crossed as AggregateError).errors).toEqual((error as AggregateError).errors)
  expect(JSON.stringify(crossed)).toBe(JSON.stringify(error))
  expect(crossed.stack).toContain(error.stack)
  expect(crossed.stack).toContain('transfer.test.ts')
})

test('an error of an unknown class arrives as the nearest known class, with its name', () => {
  class Odd extends client.ToolError {
    override readonly name = 'Odd'
    readonly handler = (): void => {}
  }
  const crossed = cross(new Odd('m'))
  expect(crossed).toBeInstanceOf(client.ToolError)
  expect(crossed).toMatchObject({ name: 'Odd', message: 'm', code: 'TOOL_ERROR' })
  expect(crossed).not.toHaveProperty('handler')
})

test.each([['a text'], [undefined], [{ a: 1 }], [7n]])('%o, thrown instead of an error, arrives unchanged', (value) => {
  expect(cross(value)).toEqual(value)
})

test('a value that can be neither cloned nor converted to text arrives as a description of its type', () => {
  expect(cross(Object.assign(Object.create(null), { run() {} }))).toContain('run:')
  const cause = {
    toString() {
      throw new Error('not a text')
    },
  }
  expect((cross(new Error('odd', { cause })) as Error).cause).toContain('toString')
})

function trap(): never {
  throw new Error('a trap')
}

test('hostile errors keep the fields that can be read', () => {
  const cycle = new Error('round')
  cycle.cause = new AggregateError([cycle, 'other'], 'inner', { cause: cycle })
  const inner = (cross(cycle) as Error).cause as AggregateError
  expect([inner.message, inner.errors, inner.cause]).toEqual(['inner', ['other'], undefined])
  const fields = { name: { value: Symbol('n') }, message: { value: 5 }, stack: { get: trap }, cause: { get: trap } }
  expect(cross(Object.defineProperties(new Error('x'), fields))).toMatchObject({ name: 'Error', message: '5' })
  expect(cross(runInNewContext('Object.assign(new RangeError("far"), { code: 7 })'))).toMatchObject({
    name: 'RangeError',
    message: 'far',
    code: 7,
  })
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {})
  revoke()
  expect(cross(proxy)).toBe('<Revoked Proxy>')
  let deep: unknown
  for (let i = 0; i < 10_000; i++) deep = new Error('e', { cause: deep })
  expect((cross(deep) as Error).cause).toMatchObject({ message: 'e' })
})
