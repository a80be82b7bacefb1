import { expect, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import { MockExecutor } from '../executors/mock-executor.ts'

/** Returns a client whose executions wait until the test releases them. */
function holding(config: object) {
  const { promise, resolve: open } = Promise.withResolvers<null>()
  const executor = new MockExecutor({ defaultResult: () => promise })
  return { codemode: Codemode.fromClientConfig({ executor, ...config }), open: () => open(null) }
}

test('with maxPending 0, an execution that need not wait runs and the next one is refused at once', async () => {
  const { codemode, open } = holding({ concurrency: 2, maxPending: 0 })
  const running = [codemode.executeAsync('1'), codemode.executeAsync('2')]
  await expect(codemode.executeAsync('3')).rejects.toMatchObject({ code: 'OVERLOADED' })
  open()
  expect(await Promise.all(running)).toEqual([null, null])
  expect(await codemode.executeAsync('4')).toBeNull()
  expect(codemode.stats()).toMatchObject({ pending: 0, running: 0, successful: 3, failed: 1 })
})

test('maxPending executions wait, and one that is cancelled frees its place', async () => {
  const { codemode, open } = holding({ concurrency: 1, maxPending: 1 })
  const running = codemode.executeAsync('1')
  const controller = new AbortController()
  const waiting = codemode.executeAsync('2', { signal: controller.signal })
  await expect(codemode.executeAsync('3')).rejects.toThrow(
    "The client's own queue is full: more than 1 executions would wait",
  )
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  const next = codemode.executeAsync('4')
  open()
  expect(await Promise.all([running, next])).toEqual([null, null])
})

test('the waiting executions of a batch take no places of maxPending from others', async () => {
  vi.useFakeTimers()
  const { codemode, open } = holding({ rateLimit: { requests: 2, perMs: 200 }, maxPending: 1 })
  open()
  const batch = codemode.executeAll(Array.from({ length: 6 }, () => 'x'))
  await vi.advanceTimersByTimeAsync(100)
  expect(codemode.stats()).toMatchObject({ pending: 4, successful: 2 })
  const other = codemode.withContext({ user: 'u' }).executeAsync('1')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await other).toBeNull()
  expect(await batch).toHaveLength(6)
})
