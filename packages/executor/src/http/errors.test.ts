import { errorBodySchema, RequestError } from '@codemode/shared'
import { expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'

const own = 'cor_0123456789abcdef'
const echoed = (response: Response) => response.headers.get('x-correlation-id')

test('every answer echoes the correlation id, and replaces a malformed one', async () => {
  const { app, send } = testApp()
  expect(echoed(await app.request('/livez', { headers: { 'x-correlation-id': own } }))).toBe(own)
  const failed = await send('GET', '/v1/executions/exe_1', { headers: { 'x-correlation-id': own } })
  expect(echoed(failed)).toBe(own)
  expect(errorBodySchema.parse(await failed.json()).error.correlationId).toBe(own)
  for (const bad of ['short', 'with "quotes" in the middle of it', 'x'.repeat(129)]) {
    expect(echoed(await app.request('/nowhere', { headers: { 'x-correlation-id': bad } }))).toMatch(/^cor_\w{24}$/)
  }
})

test('an unknown path gets a 404, and another method a 405 with allow', async () => {
  const { app, send } = testApp()
  const missing = await app.request('/nowhere')
  expect(missing.status).toBe(404)
  expect(errorBodySchema.parse(await missing.json()).error).toMatchObject({ code: 'NOT_FOUND' })
  for (const [method, path, allow] of [
    ['DELETE', '/v1/executions/exe_1', 'GET, HEAD'],
    ['PUT', '/v1/executions', 'GET, HEAD, POST'],
    ['GET', '/v1/executions/exe_1/cancel', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
  ] as const) {
    const response = await send(method, path)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
    expect(errorBodySchema.parse(await response.json()).error.message).toContain(`${method} is not allowed`)
  }
})

test('the answer for a bug has no message of it, and the log has its stack', async () => {
  const { engine, logged, send } = testApp()
  engine.onSubmit = () => {
    throw new Error('the inner workings')
  }
  const response = await send('POST', '/v1/executions', { body: { code: '1' } })
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(text).not.toContain('inner workings')
  expect(errorBodySchema.parse(JSON.parse(text)).error).toMatchObject({ code: 'INTERNAL', ambiguous: true })
  expect(logged.join('')).toMatch(/the inner workings.*errors\.test\.ts/)
})

test('an error that may be retried has a Retry-After header', async () => {
  const { engine, send } = testApp()
  for (const [retryAfterSeconds, expected] of [
    [undefined, '1'],
    [2.2, '3'],
  ] as const) {
    engine.onSubmit = () => {
      throw new RequestError('OVERLOADED', 'full', { ...(retryAfterSeconds && { retryAfterSeconds }) })
    }
    const response = await send('POST', '/v1/executions', { body: { code: '1' } })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe(expected)
    expect(errorBodySchema.parse(await response.json()).error.retryable).toBe(true)
  }
})
