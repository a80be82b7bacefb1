import { afterAll, beforeAll, expect, test } from 'vitest'

import { tool, type Codemode, type ClientConfig, type Execution } from '@codemode/client'
import { connect, freePort, startExecutor } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const detached = true
const secret = 'a-secret-that-all-processes-of-the-client-share'
const code = 'try { return await tools.report() } catch (error) { return { code: error.code, message: error.message } }'

let store: TestStore
let executor: DurableExecutor

beforeAll(async () => {
  store = await testStores.find(({ store: name }) => name === 'PostgreSQL')!.open()
  executor = await startDurableExecutor(store)
})
afterAll(async () => {
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

/** Client with a tool whose answers are deferred, and the ids of the calls that its handler has got. */
async function reporting(properties: { deferTimeoutMs?: number } = {}) {
  const callIds: string[] = []
  const report = tool({
    ...properties,
    execute: (_input, call) => {
      callIds.push(call.callId)
      return call.defer()
    },
  })
  const port = await freePort()
  const config: Partial<ClientConfig> = {
    toolServer: { port, url: `http://127.0.0.1:${port}/`, secret },
    tools: { report },
  }
  return { callIds, client: connect(executor, config) }
}

/** Submits the code. Resolves with its execution when its call has been deferred. */
async function deferred(client: Codemode): Promise<Execution> {
  const execution = await client.submit(code, { detached })
  await expect.poll(async () => (await execution.record()).toolCalls[0]?.status).toBe('deferred')
  return execution
}

test(
  'a deferred call is answered by another process, once, and its handler has run once',
  { tags: ['JB-6'] },
  async () => {
    const { callIds, client } = await reporting()
    await using codemode = client
    const execution = await deferred(codemode)
    await using webhook = connect(executor)
    await webhook.answerToolCall(callIds[0]!, { output: { rows: 3 } })
    expect(await execution.wait()).toMatchObject({ success: true, result: { rows: 3 } })
    await expect(webhook.answerToolCall(callIds[0]!, { output: { rows: 4 } })).rejects.toMatchObject({
      code: 'APPROVAL_CONFLICT',
    })
    expect(callIds).toHaveLength(1)
  },
)

test(
  'a deferred call can fail, and its answer is refused after its execution was cancelled',
  { tags: ['JB-6'] },
  async () => {
    const { callIds, client } = await reporting()
    await using codemode = client
    const failing = await deferred(codemode)
    const error = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
    await codemode.answerToolCall(callIds[0]!, { error })
    expect(await failing.wait()).toMatchObject({ result: { code: 'ENOSPC', message: 'the disk is full' } })
    const cancelled = await deferred(codemode)
    await cancelled.cancel()
    await cancelled.wait()
    await expect(codemode.answerToolCall(callIds[1]!, { output: 1 })).rejects.toThrow(
      /was not accepted|has ended|cancelled/,
    )
    await expect(codemode.answerToolCall(`${cancelled.id}:7`, { output: 1 })).rejects.toMatchObject({
      code: 'APPROVAL_CONFLICT',
    })
  },
)

test('a deferred answer that does not come in time is a timeout', { tags: ['JB-6'] }, async () => {
  const { client } = await reporting({ deferTimeoutMs: 1_000 })
  await using codemode = client
  const execution = await codemode.submit(code, { detached })
  expect(await execution.wait()).toMatchObject({
    result: { code: 'TOOL_TIMEOUT', message: expect.stringContaining('deferTimeoutMs') as string },
  })
})

test('an answer may come before its handler has deferred it', { tags: ['JB-6'] }, async () => {
  const port = await freePort()
  let codemode: Codemode | undefined
  const early = tool({
    execute: async (_input, call) => {
      await codemode!.answerToolCall(call.callId, { output: 'early' })
      return call.defer()
    },
  })
  await using client = connect(executor, {
    toolServer: { port, url: `http://127.0.0.1:${port}/`, secret },
    tools: { report: early },
  })
  codemode = client
  const execution = await client.submit(code, { detached })
  expect(await execution.wait()).toMatchObject({ success: true, result: 'early' })
})

test('an attached execution waits for a deferred answer, over its event stream', { tags: ['JB-6'] }, async () => {
  await using storeless = await startExecutor()
  const called = Promise.withResolvers<string>()
  const report = tool({
    execute: (_input, call) => {
      called.resolve(call.callId)
      return call.defer()
    },
  })
  await using codemode = connect(storeless, { tools: { report } })
  const running = codemode.executeAsync(code)
  await using webhook = connect(storeless)
  const callId = await called.promise
  await expect
    .poll(() =>
      webhook.answerToolCall(callId, { output: 5 }).then(
        () => 'accepted',
        () => 'refused',
      ),
    )
    .toBe('accepted')
  expect(await running).toBe(5)
})
