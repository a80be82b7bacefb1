import { setImmediate } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { MockExecutor } from '../executors/mock-executor.ts'

test.each(['abort', 'close'] as const)('a long batch yields to others after %s', async (how) => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor() })
  const controller = new AbortController()
  const over = new AbortController()
  function* codes(): Generator<string> {
    // If the batch starved the event loop, `over` would never abort and all codes would be read.
    for (let n = 0; n < 100_000 && !over.signal.aborted; n += 1) yield 'x'
  }
  const batch = codemode.executeAll(codes(), { signal: controller.signal })
  if (how === 'abort') controller.abort()
  else await codemode.close()
  await setImmediate()
  over.abort()
  expect((await batch).length).toBeLessThan(100_000)
  await codemode.close()
})

test.each(['return 1', 5, null, undefined, {}])('%j is not a list of codes', async (codes) => {
  await using codemode = Codemode.fromClientConfig({ executor: new MockExecutor() })
  await expect(codemode.executeAll(codes as never)).rejects.toThrow("codemode.executeAll(['return 2 + 2'")
  expect(codemode.stats().total).toBe(0)
})

test.each(['abort', 'close'] as const)('endless codes are read until %s', async (how) => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor({ latencyMs: 1 }), concurrency: 4 })
  const controller = new AbortController()
  let isEnded = false
  async function* endless() {
    try {
      for (;;) yield 'x'
    } finally {
      isEnded = true
    }
  }
  const batch = codemode.executeAll(endless(), { signal: controller.signal })
  await expect.poll(() => codemode.stats().successful).toBeGreaterThan(10)
  if (how === 'abort') controller.abort()
  else await codemode.close()
  expect((await batch).length).toBeGreaterThan(10)
  expect(isEnded).toBe(true)
  await codemode.close()
})
