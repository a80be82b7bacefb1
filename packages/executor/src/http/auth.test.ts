import { errorBodySchema } from '@codemode/shared'
import { expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'

const { app } = testApp()
const ask = (authorization?: string, path = '/v1/info') =>
  app.request(path, { headers: authorization === undefined ? {} : { authorization } })

test.each([
  [undefined, 'no authorization header'],
  ['key-of-acme', 'must be "Bearer" and an API key'],
  ['Basic a2V5', 'must be "Bearer" and an API key'],
  ['Bearer', 'must be "Bearer" and an API key'],
  ['Bearer two words', 'must be "Bearer" and an API key'],
  [`Bearer ${'k'.repeat(2_000)}`, 'must be "Bearer" and an API key'],
  ['Bearer key-of-nobody', 'not known'],
  ['Bearer key-that-expired', 'has expired'],
])('the authorization %j is refused and not repeated in the message', async (authorization, message) => {
  const response = await ask(authorization)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toContain('Bearer realm="codemode"')
  const { error } = errorBodySchema.parse(await response.json())
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', retryable: false })
  expect(error.message).toContain(message)
  expect(JSON.stringify(error)).not.toMatch(/key-of-|key-that|a2V5|two words|kkk/)
})

test('a known key is accepted, in any case of the scheme', async () => {
  for (const scheme of ['Bearer', 'bearer']) {
    const response = await ask(`${scheme} key-of-acme`)
    expect(response.status).toBe(200)
    expect(response.headers.has('www-authenticate')).toBe(false)
  }
})

test('a request without a key gets the same answer for every path under /v1', async () => {
  for (const path of ['/v1/executions/exe_1', '/v1/nothing', '/v1/executions']) {
    expect((await ask(undefined, path)).status).toBe(401)
  }
})
