import { expect, test } from 'vitest'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { resolveTimeouts } from './timeouts.ts'

test('the client sends only configured limits, and a value of the call overrides them', () => {
  expect(resolveTimeouts({}, {})).toEqual({ limits: {}, requestTimeoutMs: 45_000 })
  const client = { executionTimeoutMs: 1_000, cpuTimeoutMs: 500 }
  expect(resolveTimeouts(client, { executionTimeoutMs: 120_000 })).toEqual({
    limits: { executionTimeoutMs: 120_000, cpuTimeoutMs: 500 },
    requestTimeoutMs: 135_000,
  })
})

test('the request timeout has its configured value, and grows for a call that asks for longer timeouts', () => {
  expect(resolveTimeouts({ requestTimeoutMs: 50 }, {}).requestTimeoutMs).toBe(50)
  expect(resolveTimeouts({ requestTimeoutMs: 50 }, { executionTimeoutMs: 60_000 }).requestTimeoutMs).toBe(75_000)
})

test('the client shortens its own inner timeout to a shorter execution timeout, and refuses one of the call', async () => {
  expect(resolveTimeouts({ toolTimeoutMs: 9_000 }, { executionTimeoutMs: 100 }).limits.toolTimeoutMs).toBe(100)
  const wrong = { toolTimeoutMs: 9_000, executionTimeoutMs: 100 }
  expect(await configurationErrorMessage(() => resolveTimeouts({}, wrong))).toContain('codemode.executeAsync(code, {')
})
