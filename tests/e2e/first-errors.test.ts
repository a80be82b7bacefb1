/** Messages for what is wrong most often when a client calls an executor for the first time. */
import { expect, test } from 'vitest'

import { Codemode, type ExecutorClientError } from '@codemode/client'

import { apiKey, freePort } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { startTlsServer } from '../support/tls-server.ts'

const suite = useCodemode()

async function firstError(executorUrl: string, key = apiKey): Promise<ExecutorClientError> {
  await using client = Codemode.fromClientConfig({ executorUrl, executorApiKey: key, retry: false })
  return await client.executeAsync('1').then(
    () => expect.fail('it did not fail'),
    (error: ExecutorClientError) => error,
  )
}

test('an executor that does not run is named with its URL', { tags: ['CL-5'] }, async () => {
  const url = `http://127.0.0.1:${await freePort()}`
  expect(await firstError(url)).toMatchObject({
    message: `The executor at ${url} could not be reached: ECONNREFUSED`,
    suggestion: `Check that the executor runs and that executorUrl (${url}) is right.`,
  })
})

test('a key that the executor does not know is named with its option', { tags: ['CL-5', 'RT-4'] }, async () => {
  const { url } = suite.executor
  expect(await firstError(url, 'a-key-of-another-executor')).toMatchObject({
    code: 'UNAUTHORIZED',
    message: `The executor at ${url} rejected the API key: The API key is not known to this executor.`,
    suggestion: 'Check executorApiKey: it may be mistyped, expired or of another executor.',
  })
})

test('a path that the executor does not have is named with the URL to set', { tags: ['CL-5'] }, async () => {
  const { url } = suite.executor
  const error = await firstError(`${url}/api/`)
  expect(error).toMatchObject({ code: 'NOT_FOUND', httpStatus: 404 })
  expect(error.message).toContain(`The executor at ${url} has no routes under the path of executorUrl`)
  expect(error.suggestion).toContain(`Set executorUrl to ${url} instead of ${url}/api.`)
})

test('an executor with TLS at an http URL is told by the suggestion to use https', { tags: ['CL-5'] }, async () => {
  await using server = await startTlsServer(suite.executor)
  const error = await firstError(server.url.replace('https:', 'http:'))
  expect(error.suggestion).toContain('If it is served with TLS, it must begin with https://.')
})

test('an executor without TLS at an https URL is told by the suggestion to use http', { tags: ['CL-5'] }, async () => {
  const error = await firstError(suite.executor.url.replace('http:', 'https:'))
  expect(error.suggestion).toBe('If the executor is served without TLS, executorUrl must begin with http://.')
})

test('a certificate that is not trusted is told from an executor that does not run', { tags: ['CL-5'] }, async () => {
  await using server = await startTlsServer(suite.executor)
  const error = await firstError(server.url)
  expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retryable: false })
  expect(error.message).toContain(
    `The certificate of the server at ${server.url} is not accepted: DEPTH_ZERO_SELF_SIGNED_CERT`,
  )
  expect(error.suggestion).toContain('NODE_EXTRA_CA_CERTS=')
})

test.each([
  ['await tools.wether({})', 'tools.weather may be meant'],
  ['await weather({})', 'await tools.weather(input)'],
  ['return [tools.weather({})]', 'Await it'],
])('code that has %s gets a hint', { tags: ['GU-5'] }, async (code, hint) => {
  const { url } = suite.executor
  await using client = Codemode.fromClientConfig({
    executorUrl: url,
    executorApiKey: apiKey,
    tools: { weather: () => 21 },
  })
  await expect(client.executeAsync(code)).rejects.toMatchObject({ hint: expect.stringContaining(hint) as string })
})
