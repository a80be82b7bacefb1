import { defaultRequestLimits, fixedLimits, type RequestLimits, type ResolvedRequestLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { resolveLimits } from './limits.ts'
import { allRights, type Principal } from './principal.ts'

const maxLimits: ResolvedRequestLimits = {
  cpuTimeoutMs: 10_000,
  executionTimeoutMs: 60_000,
  toolTimeoutMs: 60_000,
  queueTimeoutMs: 20_000,
  memoryLimitMb: 256,
  maxToolCalls: 512,
}

const principal: Principal = {
  keyId: 'k1',
  owner: 'k1',
  rights: allRights,
  tenant: 'acme',
  isolation: 'tenant',
  reuseIsolates: true,
  defaultLimits: { ...defaultRequestLimits, toolTimeoutMs: 7_000 },
  maxLimits,
  maxDetachedExecutionMs: 86_400_000,
  maxRunning: 1,
  maxQueued: 1,
}

const names = Object.keys(maxLimits) as (keyof RequestLimits)[]

test('a request that sets nothing gets the defaults of its key and the fixed limits', () => {
  const expected = { ...defaultRequestLimits, toolTimeoutMs: 7_000, ...fixedLimits }
  expect(resolveLimits(undefined, principal)).toEqual(expected)
  expect(resolveLimits({}, principal)).toEqual(expected)
  expect(resolveLimits({ toolTimeoutMs: undefined }, principal)).toEqual(expected)
})

test.each(names)('a request may set %s up to the maximum of its key, which changes no other limit', (name) => {
  const limits = resolveLimits({ [name]: maxLimits[name] }, principal)
  expect(limits).toEqual({ ...resolveLimits({}, principal), [name]: maxLimits[name] })
})

test.each(names)('the error for %s above the maximum names the value and the maximum', (name) => {
  const [value, max] = [maxLimits[name] + 1, maxLimits[name]]
  const resolve = () => resolveLimits({ [name]: value }, principal)
  expect(resolve).toThrow(
    expect.objectContaining({
      code: 'INVALID_REQUEST',
      message: `limits.${name} is ${value}; the maximum of this API key is ${max}`,
      details: { path: `limits.${name}`, value, max },
    }),
  )
})

test('zero is a valid limit', () => {
  expect(resolveLimits({ maxToolCalls: 0 }, principal).maxToolCalls).toBe(0)
})

test.each(['cpuTimeoutMs', 'toolTimeoutMs'] as const)(
  'a request whose %s exceeds the outer timeout is refused',
  (inner) => {
    expect(() => resolveLimits({ [inner]: 5_001, executionTimeoutMs: 5_000 }, principal)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        message: `limits.${inner} (5001 ms) is longer than limits.executionTimeoutMs (5000 ms), so it would never expire.`,
        details: { path: `limits.${inner}`, value: 5_001, max: 5_000 },
      }),
    )
    expect(resolveLimits({ [inner]: 5_000, executionTimeoutMs: 5_000 }, principal)[inner]).toBe(5_000)
  },
)

test('a default above an outer timeout that the request sets is not an error of the request', () => {
  expect(resolveLimits({ executionTimeoutMs: 100 }, principal)).toMatchObject({
    executionTimeoutMs: 100,
    toolTimeoutMs: 7_000,
  })
})

test('executions share no limits object', () => {
  resolveLimits({}, principal).cpuTimeoutMs = 1
  expect(resolveLimits({}, principal).cpuTimeoutMs).toBe(defaultRequestLimits.cpuTimeoutMs)
})
