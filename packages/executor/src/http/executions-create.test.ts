import {
  errorBodySchema,
  executionResultSchema,
  fixedLimits,
  newExecutionId,
  RequestError,
  type ExecutionRequest,
} from '@codemode/shared'
import { describe, expect, test, vi } from 'vitest'

import { bodyLimits } from './body.ts'
import { startedEvent } from './fake-engine.test-support.ts'
import { testApp } from './http-app.test-support.ts'

const callback = { url: 'https://app.example/tools', token: 't'.repeat(16) }
const events = { accept: 'text/event-stream' }

describe('POST /v1/executions', () => {
  test('answers with the result and the execution id as a header', async () => {
    const { engine, send } = testApp()
    const response = await send('POST', '/v1/executions', { body: { code: '2 + 2' } })
    expect(response.status).toBe(200)
    const result = executionResultSchema.parse(await response.json())
    expect(result).toMatchObject({ success: true, result: 4 })
    expect(response.headers.get('x-codemode-execution-id')).toBe(result.executionId)
    expect(engine.executions.get(`acme ${result.executionId}`)).toMatchObject({ readers: 0, detachCalls: 1 })
  })

  test('passes tenant, correlation id, transport, hash and timeout to the engine', async () => {
    const { engine, send } = testApp()
    const body = '{"code": "1"}'
    const headers = { 'x-correlation-id': 'cor_0123456789abcdef', 'x-codemode-timeout-ms': '4500' }
    await send('POST', '/v1/executions', { body, headers })
    await send('POST', '/v1/executions', { body: `${body} ` })
    const [first, second] = engine.submissions
    expect(first).toMatchObject({
      request: { code: '1' },
      principal: { tenant: 'acme' },
      correlationId: 'cor_0123456789abcdef',
      transport: 'stream',
      remainingMs: 4_500,
    })
    expect(first?.bodyHash).toMatch(/^[0-9a-f]{64}$/)
    expect(second?.bodyHash).not.toBe(first?.bodyHash)
    expect(second).not.toHaveProperty('remainingMs')
  })

  test('passes on the reading that the client knows, and refuses a malformed one', { tags: ['RT-2'] }, async () => {
    const { engine, send } = testApp()
    const body = { code: '1' }
    const instance = 'ab'.repeat(16)
    for (const known of [`${instance}=7`, 'none']) {
      const answer = await send('POST', '/v1/executions', { body, headers: { 'x-codemode-known': known } })
      expect(answer.status).toBe(200)
    }
    expect((await send('POST', '/v1/executions', { body })).status).toBe(200)
    const malformed = await send('POST', '/v1/executions', { body, headers: { 'x-codemode-known': `${instance}=-1` } })
    expect(malformed.status).toBe(400)
    expect(engine.submissions.map(({ known }) => known)).toEqual([{ instance, clockMs: 7 }, 'none', undefined])
  })

  test('takes the id from the body, from idempotency-key, or generates one', async () => {
    const { engine, send } = testApp()
    const id = newExecutionId()
    const key = { 'idempotency-key': id }
    await send('POST', '/v1/executions', { body: { code: '1', id } })
    await send('POST', '/v1/executions', { body: { code: '1' }, headers: key })
    await send('POST', '/v1/executions', { body: { code: '1', id }, headers: key })
    await send('POST', '/v1/executions', { body: { code: '1' } })
    const ids = engine.submissions.map(({ request }) => request.id)
    expect(ids.slice(0, 3)).toEqual([id, id, id])
    expect(ids[3]).toMatch(/^exe_/)
    expect(ids[3]).not.toBe(id)
  })

  test('calls tools back when there is a callback, and over the stream otherwise', async () => {
    const { engine, send } = testApp()
    const tools = [{ name: 'weather' }]
    await send('POST', '/v1/executions', { body: { code: '1', tools, callback } })
    await send('POST', '/v1/executions', { body: { code: '1', tools, callback }, headers: events })
    await send('POST', '/v1/executions', { body: { code: '1', tools }, headers: events })
    expect(engine.submissions.map(({ transport }) => transport)).toEqual(['callback', 'callback', 'stream'])
  })

  test.each([
    ['text/event-stream', 'text/event-stream'],
    ['application/json;q=0.5, text/event-stream', 'text/event-stream'],
    ['application/json, text/event-stream', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'application/json'],
  ])('answers accept: %s with %s', async (accept, type) => {
    const response = await testApp().send('POST', '/v1/executions', { body: { code: '1' }, headers: { accept } })
    expect(response.headers.get('content-type')).toContain(type)
    await response.body?.cancel()
  })

  test('sends the headers of a stream once the execution is admitted, and refuses before that with a status', async () => {
    const { engine, send } = testApp()
    engine.onSubmit = () => {}
    const streamed = send('POST', '/v1/executions', { body: { code: '1' }, headers: events })
    const refused = send('POST', '/v1/executions', { body: { code: '1' }, headers: events })
    let answered = false
    void streamed.then(() => (answered = true))
    await vi.waitFor(() => expect(engine.executions.size).toBe(2), { timeout: 30_000 })
    const [admitted, queued] = [...engine.executions.values()]
    expect(answered).toBe(false)
    expect(admitted?.readers).toBe(1)
    queued?.refuse(new RequestError('QUEUE_TIMEOUT', 'waited 10 ms', { retryAfterSeconds: 1 }))
    const refusal = await refused
    expect(refusal.status).toBe(503)
    expect(refusal.headers.get('content-type')).toContain('application/json')
    expect(queued).toMatchObject({ readers: 0, detachCalls: 1 })

    admitted?.admit()
    const response = await streamed
    expect(admitted?.readers).toBe(1)
    admitted?.emit(startedEvent(1)).finish()
    expect(await response.text()).toBe(`id: 1\nevent: started\ndata: ${JSON.stringify(startedEvent(1))}\n\n`)
    expect(admitted?.readers).toBe(0)
  })

  test('stops counting as a reader when the connection closes', async () => {
    const { engine, send } = testApp()
    engine.onSubmit = (execution) => execution.admit()
    const connection = new AbortController()
    const response = send('POST', '/v1/executions', { body: { code: '1' }, signal: connection.signal })
    await vi.waitFor(() => expect(engine.executions.size).toBe(1), { timeout: 30_000 })
    const [execution] = [...engine.executions.values()]
    expect(execution?.readers).toBe(1)
    connection.abort()
    expect(execution?.readers).toBe(0)
    execution?.finish()
    await response
    expect(execution?.detachCalls).toBe(1)
  })
})

describe('POST /v1/executions refuses', () => {
  const cases: [string, object, Record<string, string>, number, string, string][] = [
    ['no code', {}, {}, 400, 'INVALID_REQUEST', 'code: is missing'],
    ['an unknown field', { code: '1', inputs: 1 }, {}, 400, 'INVALID_REQUEST', 'did you mean "input"?'],
    ['an unknown limit', { code: '1', limits: { cpuTimeout: 1 } }, {}, 400, 'INVALID_REQUEST', '"cpuTimeoutMs"?'],
    ['a wrong type', { code: 1 }, {}, 400, 'INVALID_REQUEST', 'code: expected string, received number'],
    ['a malformed id', { code: '1', id: 'exe_1' }, {}, 400, 'INVALID_REQUEST', 'id: must be "exe_"'],
    ['a malformed tool', { code: '1', tools: [{ name: 'a b' }] }, events, 400, 'INVALID_REQUEST', 'tools[0].name'],
    ['a duplicate tool', { code: '1', tools: [{ name: 'a' }, { name: 'a' }] }, events, 400, 'INVALID_REQUEST', 'twice'],
    ['a malformed key', { code: '1' }, { 'idempotency-key': 'abc' }, 400, 'INVALID_REQUEST', 'idempotency-key'],
    [
      'two ids',
      { code: '1', id: newExecutionId(1) },
      { 'idempotency-key': newExecutionId(2) },
      400,
      'INVALID_REQUEST',
      "but the body's id is",
    ],
    ['a malformed time', { code: '1' }, { 'x-codemode-timeout-ms': '1.5' }, 400, 'INVALID_REQUEST', 'milliseconds'],
    ['no time', { code: '1' }, { 'x-codemode-timeout-ms': '0' }, 400, 'INVALID_REQUEST', 'milliseconds'],
    ['unreachable tools', { code: '1', tools: [{ name: 'a' }] }, {}, 400, 'INVALID_REQUEST', 'no way to call them'],
    [
      'approvals by the client of a detached execution',
      { code: '1', detached: true, approvals: 'client' },
      {},
      400,
      'INVALID_REQUEST',
      'attached executions only',
    ],
    [
      'a life of an attached execution',
      { code: '1', expiresAfterMs: 1_000 },
      {},
      400,
      'INVALID_REQUEST',
      'detached executions only',
    ],
    [
      'a foreign callback',
      { code: '1', callback: { ...callback, url: 'https://evil.example/' } },
      {},
      403,
      'CALLBACK_FORBIDDEN',
      'https://evil.example',
    ],
    [
      'a body that is too long',
      { code: '1', context: { a: 'x'.repeat(bodyLimits.executionBytes) } },
      {},
      413,
      'PAYLOAD_TOO_LARGE',
      `${bodyLimits.executionBytes} bytes`,
    ],
  ]
  test.each(cases)('%s', async (_, body, headers, status, code, message) => {
    const { engine, send } = testApp()
    const response = await send('POST', '/v1/executions', { body, headers })
    expect(response.status).toBe(status)
    const { error } = errorBodySchema.parse(await response.json())
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain(callback.token)
    expect(engine.submissions).toEqual([])
  })

  test('a body that is not JSON, with its position', async () => {
    const response = await testApp().send('POST', '/v1/executions', { body: '{"code": 1' })
    expect(response.status).toBe(400)
    expect(errorBodySchema.parse(await response.json()).error).toMatchObject({
      code: 'INVALID_REQUEST',
      details: { position: 10, line: 1, column: 11 },
    })
  })
})

test('a body of every part at its limit is within the limit of the whole', () => {
  const request: ExecutionRequest = {
    code: '\u0001'.repeat(fixedLimits.sourceBytes),
    input: 'x'.repeat(fixedLimits.inputBytes - 2),
    context: { text: 'x'.repeat(1024 * 1024) },
  }
  expect(JSON.stringify(request).length).toBeLessThan(bodyLimits.executionBytes)
})
