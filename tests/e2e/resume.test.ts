import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Codemode, ExecutorClient, tool, withFailover, type ClientConfig } from '@codemode/client'
import { aborted, apiKey, connect, freePort, packageFlags } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const secret = 'a-secret-that-all-processes-of-the-client-share'
const options = { detached: true, servedBy: 'resume' } as const

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

/** Client whose tool `step` records the call ids, and holds the calls of the second step until the test releases it. */
function stepping(config: Partial<ClientConfig> = {}) {
  const callIds: string[] = []
  const held = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const step = async ({ n }: { n: number }, { callId }: { callId: string }) => {
    callIds.push(callId)
    if (n === 2) {
      entered.resolve()
      await held.promise
    }
    return n * 10
  }
  return {
    callIds,
    entered: entered.promise,
    release: held.resolve,
    client: connect(executor, { tools: { step }, ...config }),
  }
}

const code =
  'const one = await tools.step({ n: 1 }); const two = await tools.step({ n: 2 }); return [context, one, two]'

test('the calls of an execution without a callback wait until a client resumes it', { tags: ['JB-6'] }, async () => {
  const submitter = stepping()
  await using first = submitter.client
  const { id } = await first.withContext({ user: 'u1' }).submit(code, options)
  await first.close()
  expect(submitter.callIds).toEqual([])
  const { callIds, release, client } = stepping()
  release()
  await using second = client
  expect(await second.resume(id)).toMatchObject({ success: true, result: [{ user: 'u1' }, 10, 20] })
  expect(callIds).toEqual([`${id}:1`, `${id}:2`])
  expect(await second.resume(id)).toMatchObject({ success: true })
  expect(callIds).toHaveLength(2)
})

test(
  'of two clients one serves; the other takes over when it is gone, with the same call ids',
  { tags: ['JB-6'] },
  async () => {
    const [one, two] = [stepping(), stepping()]
    await using first = one.client
    await using second = two.client
    const { id } = await first.submit(code, options)
    const lost = first.resume(id)
    await one.entered
    const taken = second.resume(id)
    two.release()
    await Promise.all([expect(lost).rejects.toMatchObject({ code: 'CLIENT_CLOSED' }), first.close()])
    expect(await taken).toMatchObject({ success: true, result: [{}, 10, 20] })
    expect([one.callIds, two.callIds]).toEqual([[`${id}:1`, `${id}:2`], [`${id}:2`]])
  },
)

test('a client takes over when the process of the serving one is killed', { tags: ['JB-6'] }, async () => {
  const { callIds, release, client } = stepping()
  release()
  await using second = client
  const { id } = await second.submit(code, options)
  const file = fileURLToPath(new URL('../support/resuming-process.ts', import.meta.url))
  const env = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: apiKey }
  const first = spawn(execPath, [...packageFlags, file, id], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(first, 'exit')
  try {
    const lines = createInterface({ input: first.stdout })[Symbol.asyncIterator]()
    expect([(await lines.next()).value, (await lines.next()).value]).toEqual([`${id}:1`, `${id}:2`])
    const taken = second.resume(id)
    first.kill('SIGKILL')
    expect(await taken).toMatchObject({ success: true, result: [{}, 10, 20] })
    expect(callIds).toEqual([`${id}:2`])
  } finally {
    first.kill('SIGKILL')
    await exited
  }
})

test('resuming ends with its signal, and cancels nothing', { tags: ['JB-6'] }, async () => {
  const one = stepping()
  await using codemode = one.client
  const { id } = await codemode.submit(code, options)
  const controller = new AbortController()
  const resumed = codemode.resume(id, { signal: controller.signal })
  await one.entered
  controller.abort()
  await expect(resumed).rejects.toMatchObject({ code: 'CANCELLED' })
  expect((await (await codemode.getExecution(id)).record()).status).toBe('waiting')
  one.release()
  expect(await codemode.resume(id)).toMatchObject({ success: true })
  expect(one.callIds).toEqual([`${id}:1`, `${id}:2`, `${id}:2`])
})

test('resuming goes on at another node when the node of the execution dies', { tags: ['JB-6', 'JB-5'] }, async () => {
  const dying = await startDurableExecutor(store)
  const retry = { maxAttempts: 2, backoffBaseMs: 10 }
  const executors = [dying, executor].map(
    ({ url }) => new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry }),
  )
  const callIds: string[] = []
  const entered = Promise.withResolvers<void>()
  const step = async ({ n }: { n: number }, { callId, signal }: { callId: string; signal: AbortSignal }) => {
    callIds.push(callId)
    // The second call is in flight when the node dies, and is made again.
    if (callIds.length !== 2) return n * 10
    entered.resolve()
    return aborted(signal)
  }
  await using codemode = Codemode.fromClientConfig({ executor: withFailover(executors), tools: { step } })
  const { id } = await codemode.submit(code, options)
  const resumed = codemode.resume(id)
  await entered.promise
  await dying.kill()
  expect(await resumed).toMatchObject({ success: true, result: [{}, 10, 20] })
  expect(callIds).toEqual([`${id}:1`, `${id}:2`, `${id}:2`])
})

test('an execution with a callback is only watched', { tags: ['JB-6'] }, async () => {
  const port = await freePort()
  const toolServer = { port, url: `http://127.0.0.1:${port}/`, secret }
  const server = stepping({ toolServer })
  const watcher = stepping()
  await using serving = server.client
  await using watching = watcher.client
  server.release()
  const { id } = await serving.submit(code, { detached: true })
  expect(await watching.resume(id)).toMatchObject({ success: true })
  expect([server.callIds.length, watcher.callIds.length]).toEqual([2, 0])
})

test('an execution gets a callback in place of the client that would resume it', { tags: ['JB-6'] }, async () => {
  const submitter = stepping()
  await using first: Codemode = submitter.client
  const { id } = await first.submit(code, options)
  const port = await freePort()
  const server = stepping({ toolServer: { port, url: `http://127.0.0.1:${port}/`, secret } })
  server.release()
  await using serving = server.client
  await serving.serveTools()
  const execution = await serving.getExecution(id)
  await execution.setCallback()
  expect(await execution.wait()).toMatchObject({ success: true })
  expect([submitter.callIds.length, server.callIds.length]).toEqual([0, 2])
})

test('cancelling an execution aborts the handlers of the client that resumes it', { tags: ['JB-6'] }, async () => {
  const stopped = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const step = tool({
    execute: async (_input, { signal }) => {
      entered.resolve()
      await aborted(signal)
      stopped.resolve()
    },
  })
  await using codemode = connect(executor, { tools: { step } })
  const execution = await codemode.submit(code, options)
  const resumed = codemode.resume(execution.id)
  await entered.promise
  await execution.cancel()
  expect(await resumed).toMatchObject({ error: { code: 'CANCELLED' } })
  await stopped.promise
})
