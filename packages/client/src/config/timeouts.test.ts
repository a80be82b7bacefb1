import { expect, test } from 'vitest'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { resolveTimeouts } from './timeouts.ts'

test('only limits that somebody set are sent, and a value of the call wins', () => {
  expect(resolveTimeouts({}, {})).toEqual({ limits: {}, requestTimeoutMs: 45_000 })
  const client = { executionTimeoutMs: 1_000, cpuTimeoutMs: 500 }
  expect(resolveTimeouts(client, { executionTimeoutMs: 120_000 })).toEqual({
    limits: { executionTimeoutMs: 120_000, cpuTimeoutMs: 500 },
    requestTimeoutMs: 135_000,
  })
})

test('the request clock is what was configured, but grows with a call that asks for more', () => {
  expect(resolveTimeouts({ requestTimeoutMs: 50 }, {}).requestTimeoutMs).toBe(50)
  expect(resolveTimeouts({ requestTimeoutMs: 50 }, { executionTimeoutMs: 60_000 }).requestTimeoutMs).toBe(75_000)
})

test("a client's inner clock is cut to a shorter execution, one of the call is refused", async () => {
  expect(resolveTimeouts({ toolTimeoutMs: 9_000 }, { executionTimeoutMs: 100 }).limits.toolTimeoutMs).toBe(100)
  const wrong = { toolTimeoutMs: 9_000, executionTimeoutMs: 100 }
  expect(await configurationErrorMessage(() => resolveTimeouts({}, wrong))).toContain('codemode.executeAsync(code, {')
})
