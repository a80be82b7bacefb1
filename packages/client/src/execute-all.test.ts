import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Codemode } from './codemode.ts'
import { MockExecutor } from './executors/mock-executor.ts'

test.each(['abort', 'close'] as const)('after %s a long batch leaves others their turn', async (how) => {
  const codemode = Codemode.fromClientConfig({ executor: new MockExecutor() })
  const controller = new AbortController()
  const over = new AbortController()
  function* codes(): Generator<string> {
    // Without turns for others this would go on for good.
    for (let n = 0; n < 100_000 && !over.signal.aborted; n += 1) yield 'x'
  }
  const batch = codemode.executeAll(codes(), { signal: controller.signal })
  if (how === 'abort') controller.abort()
  else await codemode.close()
  await sleep(5)
  over.abort()
  expect((await batch).length).toBeLessThan(100_000)
  await codemode.close()
})

test.each(['return 1', 5, null, undefined, {}])('%j is no list of codes', async (codes) => {
  await using codemode = Codemode.fromClientConfig({ executor: new MockExecutor() })
  await expect(codemode.executeAll(codes as never)).rejects.toThrow("codemode.executeAll(['return 2 + 2'")
  expect(codemode.stats().total).toBe(0)
})

test('a batch whose onProgress throws begins nothing more', async () => {
  await using codemode = Codemode.fromClientConfig({ executor: new MockExecutor({ latencyMs: 1 }), concurrency: 4 })
  let told = 0
  const onProgress = (): void => {
    told += 1
    if (told === 1) throw new Error('enough')
  }
  const codes = Array.from({ length: 100 }, () => 'x')
  await expect(codemode.executeAll(codes, { onProgress })).rejects.toThrow('enough')
  expect(codemode.stats().total).toBeLessThan(10)
})
