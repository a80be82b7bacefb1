import { errorBodySchema, executionRecordSchema, fixedLimits, newExecutionId, type ToolAnswer } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { info, testApp } from './http-app.test-support.ts'

const answer: ToolAnswer = { ok: true, output: { celsius: 4 } }

test('the owner of an execution can read it and its journal', async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme').admit().finish()
  const record = await send('GET', `/v1/executions/${id}`)
  expect(record.headers.get('x-codemode-execution-id')).toBe(id)
  expect(executionRecordSchema.parse(await record.json())).toMatchObject({ executionId: id, status: 'completed' })
  const journal = await send('GET', `/v1/executions/${id}/journal`)
  expect(await journal.json()).toEqual({ header: { executionId: id }, entries: [] })
})

describe("another tenant's id and an unknown one get the same 404", () => {
  test.each([
    ['GET', '', undefined],
    ['GET', '/events', undefined],
    ['GET', '/journal', undefined],
    ['POST', '/cancel', {}],
    ['POST', '/tool-results', { results: [{ callId: 'c', answer }] }],
  ])('%s /v1/executions/:id%s', async (method, path, body) => {
    const { engine, send } = testApp()
    const { id } = engine.add('acme').admit()
    const answers = await Promise.all(
      [id, newExecutionId(), 'nonsense'].map(async (asked) => {
        const response = await send(method, `/v1/executions/${asked}${path}`, { body, tenant: 'rival' })
        const { error } = errorBodySchema.parse(await response.json())
        return { status: response.status, code: error.code, message: error.message }
      }),
    )
    expect(answers[0]).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    expect(engine.find('acme', id)).toMatchObject({ readers: 0, cancelReason: undefined, answered: [] })
  })
})

describe('POST cancel', () => {
  test('cancels with a reason or without a body', async () => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    const path = `/v1/executions/${execution.id}/cancel`
    const response = await send('POST', path, { body: { reason: 'enough' } })
    expect(executionRecordSchema.parse(await response.json()).executionId).toBe(execution.id)
    expect(execution.cancelReason).toBe('enough')
    expect((await send('POST', path)).status).toBe(200)
    expect(execution.cancelReason).toBe('no reason')
  })

  test.each([
    [{ reasons: 'x' }, 400, 'did you mean "reason"?'],
    [{ reason: 1 }, 400, 'reason: expected string'],
    [{ reason: 'x'.repeat(1_001) }, 400, 'reason: it must have at most 1,000 characters'],
    ['{', 400, 'not valid JSON'],
    [{ reason: 'x'.repeat(70_000) }, 413, 'larger than the limit of 65536 bytes'],
  ])('refuses %#', async (body, status, message) => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    const response = await send('POST', `/v1/executions/${execution.id}/cancel`, { body })
    expect(response.status).toBe(status)
    expect(errorBodySchema.parse(await response.json()).error.message).toContain(message)
    expect(execution.cancelReason).toBeUndefined()
  })
})

describe('POST tool-results', () => {
  test('returns which answers were accepted', async () => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    execution.openCalls.add('c:1').add('c:2')
    const results = ['c:1', 'c:1', 'c:9', 'c:2'].map((callId) => ({ callId, answer }))
    const response = await send('POST', `/v1/executions/${execution.id}/tool-results`, { body: { results } })
    expect(await response.json()).toEqual({ accepted: ['c:1', 'c:2'] })
    expect(execution.answered).toEqual([
      ['c:1', answer],
      ['c:2', answer],
    ])
  })

  test('takes the other answers beside one to a call that waits for an approval, which alone is refused', async () => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    execution.openCalls.add('c:1').add('c:2')
    execution.pausedCalls.add('c:1')
    const path = `/v1/executions/${execution.id}/tool-results`
    const results = ['c:1', 'c:2'].map((callId) => ({ callId, answer }))
    const mixed = await send('POST', path, { body: { results } })
    expect(await mixed.json()).toEqual({ accepted: ['c:2'] })
    const refused = await send('POST', path, { body: { results } })
    expect(refused.status).toBe(409)
    expect(errorBodySchema.parse(await refused.json()).error.code).toBe('APPROVAL_CONFLICT')
  })

  test('accepts an answer of the largest output', async () => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    execution.openCalls.add('c:1')
    const large = { ok: true, output: 'x'.repeat(fixedLimits.toolOutputBytes - 2) }
    const body = { results: [{ callId: 'c:1', answer: large }] }
    const response = await send('POST', `/v1/executions/${execution.id}/tool-results`, { body })
    expect(await response.json()).toEqual({ accepted: ['c:1'] })
  })

  test.each([
    [{}, 400, 'results: is missing'],
    [{ results: [] }, 400, 'results: it must have at least 1 item'],
    [{ results: [{ callId: 'c:1', answer: { output: 1 } }] }, 400, 'results[0].answer'],
    [{ results: [{ callId: 'c:1', answer: { ok: true } }] }, 400, 'results[0].answer.output'],
    [{ results: [{ callID: 'c:1', answer }] }, 400, 'did you mean "callId"?'],
    ['nonsense', 400, 'line 1, column 2'],
    [
      { results: [{ callId: 'c:1', answer: { ok: true, output: 'x'.repeat(18_000_000) } }] },
      413,
      'larger than the limit of',
    ],
  ])('refuses %#', async (body, status, message) => {
    const { engine, send } = testApp()
    const execution = engine.add('acme').admit()
    execution.openCalls.add('c:1')
    const response = await send('POST', `/v1/executions/${execution.id}/tool-results`, { body })
    expect(response.status).toBe(status)
    expect(errorBodySchema.parse(await response.json()).error.message).toContain(message)
    expect(execution.answered).toEqual([])
  })
})

test('the operations routes need no key, and info returns the limits of the key', async () => {
  const { app, engine, send } = testApp()
  expect(await (await app.request('/livez')).json()).toEqual({ status: 'live' })
  expect(await (await app.request('/readyz')).json()).toEqual({ status: 'ready' })
  engine.readiness = 'no-sandbox-process'
  const notReady = await app.request('/readyz')
  expect(notReady.status).toBe(503)
  expect(notReady.headers.get('retry-after')).toBe('1')
  expect(await notReady.json()).toMatchObject({ error: { code: 'OVERLOADED' } })
  expect((await app.request('/livez')).status).toBe(200)
  const answered: unknown = await (await send('GET', '/v1/info')).json()
  expect(answered).toMatchObject({
    ...info,
    limits: { cpuTimeoutMs: 5_000, sourceBytes: 262_144 },
    maxLimits: { cpuTimeoutMs: 30_000 },
  })
})
