import { AsyncLocalStorage } from 'node:async_hooks'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connect, startExecutorProcess, transports, type ExecutorProcess } from '@codemode/testkit'

import { SpanRecorder } from '../support/span-recorder.ts'

const recorder = new SpanRecorder()
const user = new AsyncLocalStorage<string>()
let executor: ExecutorProcess

beforeAll(async () => {
  executor = await startExecutorProcess()
})
afterAll(async () => {
  await executor[Symbol.asyncDispose]()
  recorder[Symbol.dispose]()
})

describe.each(transports)('with an executor that has no SDK, over the $transport transport', ({ config }) => {
  test('no handler runs in the context of another execution', { tags: ['OP-1', 'CX-2'] }, async () => {
    const seen: (string | undefined)[] = []
    const tools = { look: () => void seen.push(user.getStore()) }
    await using client = connect(executor, { ...config, executorApiKey: executor.apiKey, tools })
    const traceIds: string[] = []
    for (const name of ['first', 'second']) {
      recorder.reset()
      const run = () => client.executeAsync('await tools.look({})')
      traceIds.push(await recorder.inApplication(() => user.run(name, run)))
      const [handler] = recorder.named('codemode.tool')
      expect(handler).toBeDefined()
      const others = traceIds.slice(0, -1)
      expect(others).not.toContain(handler?.spanContext().traceId)
    }
    expect(seen).toHaveLength(2)
    expect(seen[1]).not.toBe('first')
  })
})
