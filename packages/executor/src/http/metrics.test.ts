import { expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'

test('the metrics need a key with the right to operate', { tags: ['OP-1'] }, async () => {
  const { app, send } = testApp()
  const response = await send('GET', '/metrics', { as: { rights: ['operate'] } })
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toBe('codemode_ready 1\n')
  const refused = await send('GET', '/metrics', { as: { rights: ['run', 'read', 'approve'] } })
  expect(await refused.json()).toMatchObject({ error: { code: 'FORBIDDEN', details: { missing: ['operate'] } } })
  expect((await app.request('/metrics')).status).toBe(401)
})

test('each request that is answered with an error is reported with its key', { tags: ['OP-1'] }, async () => {
  const { app, send, refusals } = testApp()
  await app.request('/v1/info')
  await send('GET', '/v1/executions/unknown', { headers: { 'x-correlation-id': 'a-correlation-id' } })
  await send('DELETE', '/v1/info')
  await send('GET', '/nowhere')
  expect(refusals).toMatchObject([
    { code: 'UNAUTHORIZED', tenant: undefined, keyId: undefined },
    { code: 'NOT_FOUND', tenant: 'acme', keyId: 'key of acme', correlationId: 'a-correlation-id' },
    { code: 'INVALID_REQUEST', tenant: 'acme' },
    { code: 'NOT_FOUND', tenant: undefined },
  ])
})
