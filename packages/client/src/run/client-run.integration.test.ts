import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { MockExecutor } from '../executors/mock-executor.ts'
import type { Executor, RunOptions } from '../executor.ts'

/** Returns a mock executor with some methods replaced. */
function mockWith(more: Partial<Executor>): Executor {
  const mock = new MockExecutor()
  return {
    run: (request, options) => mock.run(request, options),
    [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose](),
    ...more,
  }
}

test('the client ignores events that an executor reports after the end of an execution', async () => {
  const mock = new MockExecutor()
  let emit: RunOptions['onEvent']
  const run: Executor['run'] = (request, options) => {
    emit = options.onEvent
    return mock.run(request, options)
  }
  await using codemode = Codemode.fromClientConfig({ executor: mockWith({ run }) })
  let heard = 0
  codemode.on('log', () => (heard += 1))
  const execution = await codemode.submit('1')
  await execution.wait()
  emit?.({ type: 'log', id: '9', at: '', executionId: execution.id, level: 'info', text: 'late' })
  expect({ status: execution.status, heard }).toEqual({ status: 'completed', heard: 0 })
})

test('a cancelled execution ends in the client if the executor cannot be reached', async () => {
  const mock = new MockExecutor({ defaultResult: () => new Promise<null>(() => {}) })
  await using codemode = Codemode.fromClientConfig({
    executor: mockWith({
      run: (request, options) => mock.run(request, options),
      cancel: () => Promise.reject(new ExecutorClientError('NOT_FOUND', 'There is no such execution')),
    }),
  })
  const result = codemode.run('1')
  await codemode.activeExecutions()[0]!.cancel('enough')
  expect(await result).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  expect(codemode.stats()).toMatchObject({ running: 0, cancelled: 1 })
})

test('closing closes the tool server, even if disposing the executor fails', async () => {
  const mock = new MockExecutor()
  let url = ''
  const codemode = Codemode.fromClientConfig({
    executor: mockWith({
      run: async (request, options) => {
        ;({ url } = await options.callbackFor!(request.id!))
        return mock.run(request, options)
      },
      [Symbol.asyncDispose]: () => Promise.reject(new Error('it is stuck')),
    }),
    toolServer: { port: 0 },
    tools: { one: () => 1 },
  })
  await codemode.executeAsync('1')
  expect((await fetch(url)).status).toBe(400)
  await expect(codemode.close()).rejects.toThrow('it is stuck')
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})
