import { expect, test } from 'vitest'

import { messageOf } from '../testing/message-of.ts'
import { resolveClocks } from './clocks.ts'

test('the client sends only configured limits, and a value of the call overrides them', () => {
  expect(resolveClocks({}, {})).toEqual({ limits: {}, requestTimeoutMs: 45_000 })
  const client = { executionTimeoutMs: 1_000, cpuTimeoutMs: 500 }
  expect(resolveClocks(client, { executionTimeoutMs: 120_000 })).toEqual({
    limits: { executionTimeoutMs: 120_000, cpuTimeoutMs: 500 },
    requestTimeoutMs: 135_000,
  })
})

test('the request clock has its configured value, and grows for a call that asks for longer clocks', () => {
  expect(resolveClocks({ requestTimeoutMs: 50 }, {}).requestTimeoutMs).toBe(50)
  expect(resolveClocks({ requestTimeoutMs: 50 }, { executionTimeoutMs: 60_000 }).requestTimeoutMs).toBe(75_000)
})

test('the client shortens its own inner clock to a shorter execution clock, and refuses one of the call', async () => {
  expect(resolveClocks({ toolTimeoutMs: 9_000 }, { executionTimeoutMs: 100 }).limits.toolTimeoutMs).toBe(100)
  const wrong = { toolTimeoutMs: 9_000, executionTimeoutMs: 100 }
  expect(await messageOf(() => resolveClocks({}, wrong))).toContain('codemode.executeAsync(code, {')
})
