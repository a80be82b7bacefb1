import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { ExecutionResult } from '../run/execution-result.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Returns a client of an executor that breaks the contract. */
const codemodeOf = (run: () => unknown): Codemode =>
  Codemode.fromClientConfig({
    executor: { run: run as () => Promise<ExecutionResult>, [Symbol.asyncDispose]: async () => {} },
  })

const never = (): Promise<never> => new Promise(() => {})

test('an executor that ignores its signal delays neither an aborted execution nor close()', async () => {
  const codemode = codemodeOf(never)
  const controller = new AbortController()
  const aborted = codemode.run('1', { signal: controller.signal })
  const closed = codemode.run('2')
  controller.abort()
  await Promise.all([
    expect(aborted).rejects.toMatchObject({ name: 'AbortError', code: 'CANCELLED' }),
    vi.advanceTimersByTimeAsync(1_000),
  ])
  await Promise.all([
    expect(closed).rejects.toMatchObject({ code: 'CANCELLED' }),
    codemode.close(),
    vi.advanceTimersByTimeAsync(1_000),
  ])
  expect(codemode.stats()).toMatchObject({ running: 0, cancelled: 2 })
})

test('the client gives up an executor that ignores its timeouts', async () => {
  await using codemode = Codemode.fromClientConfig({
    executor: { run: never, [Symbol.asyncDispose]: async () => {} },
    requestTimeoutMs: 20,
  })
  await Promise.all([
    expect(codemode.run('1')).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', timeoutMs: 20 }),
    vi.advanceTimersByTimeAsync(1_020),
  ])
})

test.each([undefined, null, {}, 4, 'x'])('the client refuses the result %j with a clear error', async (result) => {
  await using codemode = codemodeOf(() => Promise.resolve(result))
  await expect(codemode.run('1')).rejects.toMatchObject({
    code: 'INVALID_RESPONSE',
    message: expect.stringContaining('instead of an ExecutionResult') as string,
  })
})

test('the client turns a rejection or an exception of the executor into an error', async () => {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors
  await using text = codemodeOf(() => Promise.reject('nothing works'))
  await expect(text.run('1')).rejects.toMatchObject({ code: 'INVALID_RESPONSE', cause: 'nothing works' })
  await using throws = codemodeOf(() => {
    throw new RangeError('at once')
  })
  await expect(throws.run('1')).rejects.toThrow(RangeError)
  expect(throws.stats()).toMatchObject({ running: 0, failed: 1 })
})
