import { expect, test } from 'vitest'

import { resolveClocks } from './clocks.ts'
import { Codemode } from '../codemode.ts'
import { resolveConfig } from './schema.ts'
import { configFromEnv } from './env.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'

const valid = { executorUrl: 'http://localhost:8001', executorApiKey: 'key-0123456789' }

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

test('a configuration of two fields is enough', () => {
  expect(resolveConfig(valid)).toMatchObject({ ...valid, connectTimeoutMs: 5_000 })
})

test.each([
  [{ executorApiKey: undefined }, ['executorApiKey: is missing', 'executorApiKey: process.env']],
  [{ executorUrl: 'localhost' }, ['executorUrl:', "executorUrl: 'http://localhost:8001'"]],
  [{ executorUrl: 'http://me:secret-1@host' }, ['credentials']],
  [{ requestTimeout: 5 }, ['no option requestTimeout', 'did you mean requestTimeoutMs?', 'requestTimeoutMs: 45_000']],
  [{ retry: { maxAttempts: 0 } }, ['retry', 'maxAttempts: 3']],
  [{ toolServer: {} }, ['toolServer', 'port']],
  [{ toolServer: { port: 0, host: '0.0.0.0' } }, ['toolServer.url', 'wildcard']],
  [{ toolServer: { port: 0, secret: 'secret-1' } }, ['toolServer.secret', '32 characters']],
  [{ cpuTimeoutMs: 9, executionTimeoutMs: 8 }, ['cpuTimeoutMs (9 ms)', 'executionTimeoutMs (8 ms)', 'cpuTimeoutMs: 8']],
  [{ executionTimeoutMs: 9, requestTimeoutMs: 8 }, ['requestTimeoutMs (8 ms)']],
])('%j is refused, and the message shows what is right', (wrong, parts) => {
  const message = messageOf(() => Codemode.fromClientConfig({ ...valid, ...wrong }))
  for (const part of [...parts, 'Instead:']) expect(message).toContain(part)
  expect(message).not.toContain('secret-1')
  expect(message).not.toContain(valid.executorApiKey)
})

test('the environment gives the same configuration, and what is given in code wins', () => {
  const env = {
    CODEMODE_EXECUTOR_URL: 'http://localhost:1',
    CODEMODE_EXECUTOR_API_KEY: 'env-key',
    CODEMODE_EXECUTION_TIMEOUT_MS: '60000',
    CODEMODE_TOOL_SERVER_PORT: '0',
    CODEMODE_TOOL_SERVER_HOST: '',
  }
  expect(configFromEnv({ executorApiKey: 'code-key', toolServer: { url: 'http://a/' } }, env)).toMatchObject({
    executorUrl: 'http://localhost:1',
    executorApiKey: 'code-key',
    executionTimeoutMs: 60_000,
    toolServer: { port: 0, url: 'http://a/' },
  })
})

test('errors of the environment name the variables', () => {
  expect(messageOf(() => configFromEnv({}, {}))).toMatch(
    /CODEMODE_EXECUTOR_URL: is missing[^]*CODEMODE_EXECUTOR_URL=http/,
  )
  const env = {
    CODEMODE_EXECUTOR_URL: 'http://a',
    CODEMODE_EXECUTOR_API_KEY: 'k',
    CODEMODE_CPU_TIMEOUT_MS: '5s',
  }
  expect(messageOf(() => configFromEnv({}, env))).toMatch(/CODEMODE_CPU_TIMEOUT_MS: [^]*CODEMODE_CPU_TIMEOUT_MS=5000/)
})

test('only limits that somebody set are sent, and a value of the call wins', () => {
  expect(resolveClocks({}, {})).toEqual({ limits: {}, requestTimeoutMs: 45_000 })
  const client = { executionTimeoutMs: 1_000, cpuTimeoutMs: 500 }
  expect(resolveClocks(client, { executionTimeoutMs: 120_000 })).toEqual({
    limits: { executionTimeoutMs: 120_000, cpuTimeoutMs: 500 },
    requestTimeoutMs: 135_000,
  })
})

test('the request clock is what was configured, but grows with a call that asks for more', () => {
  expect(resolveClocks({ requestTimeoutMs: 50 }, {}).requestTimeoutMs).toBe(50)
  expect(resolveClocks({ requestTimeoutMs: 50 }, { executionTimeoutMs: 60_000 }).requestTimeoutMs).toBe(75_000)
})

test("a client's inner clock is cut to a shorter execution, one of the call is refused", () => {
  expect(resolveClocks({ toolTimeoutMs: 9_000 }, { executionTimeoutMs: 100 }).limits.toolTimeoutMs).toBe(100)
  const wrong = { toolTimeoutMs: 9_000, executionTimeoutMs: 100 }
  expect(messageOf(() => resolveClocks({}, wrong))).toContain('codemode.executeAsync(code, {')
})
