import { createServer, type AddressInfo, type Socket } from 'node:net'

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { Codemode } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'

import { aborted, api, apiKey, connect, startExecutor, toolLatch, transports } from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

const statusOf = async (id: string): Promise<string> => (await api(executor, `/v1/executions/${id}`)).body.status

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('close() cancels running executions, in the client and on the executor', { tags: ['EX-10'] }, async () => {
    const { enter, arrived, signals } = toolLatch()
    const client = connect(executor, { ...config, tools: { enter } })
    const value = client.executeAsync('tools.enter({})').catch((error: unknown) => error)
    const execution = await client.submit('await tools.enter({})')
    await arrived(2)
    await client.close()
    const suggestion: unknown = expect.stringContaining('Await the execution before the client is closed')
    expect(await value).toMatchObject({ name: 'AbortError', code: 'CANCELLED', suggestion })
    await expect(execution.wait()).rejects.toMatchObject({ name: 'AbortError' })
    expect(execution.status).toBe('cancelled')
    await Promise.all(signals.map(aborted))
    await expect.poll(() => statusOf(execution.id)).toBe('cancelled')
  })

  test('close({ drain }) waits for running executions, whose tools still work', { tags: ['EX-10'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    const client = connect(executor, { ...config, tools: { enter, one: () => 1 } })
    const value = client.executeAsync('const n = await tools.enter(41)\nreturn n + (await tools.one({}))')
    await arrived()
    let isClosed = false
    const closing = client.close({ drain: true }).then(() => (isClosed = true))
    await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(isClosed).toBe(false)
    open()
    expect(await value).toBe(42)
    await closing
  })

  test('close({ drain }) gives up after its timeout, and cancels the rest', { tags: ['EX-10'] }, async () => {
    const { enter, arrived, signals } = toolLatch()
    const client = connect(executor, { ...config, tools: { enter } })
    const value = client.executeAsync('tools.enter({})').catch((error: unknown) => error)
    await arrived()
    await client.close({ drain: true, timeoutMs: 50 })
    expect(await value).toMatchObject({ name: 'AbortError' })
    await aborted(signals[0]!)
  })

  test('close() is idempotent, and further calls wait for the first', { tags: ['EX-10'] }, async () => {
    const { enter, arrived } = toolLatch()
    const client = connect(executor, { ...config, tools: { enter } })
    const value = client.executeAsync('tools.enter({})').catch(() => 'ended')
    await arrived()
    await Promise.all([client.close(), client.close({ drain: true }), client[Symbol.asyncDispose]()])
    await client.close()
    expect(await value).toBe('ended')
  })

  test('await using closes the client', { tags: ['EX-10'] }, async () => {
    const { enter, arrived, signals } = toolLatch()
    let value: Promise<unknown>
    {
      await using client = connect(executor, { ...config, tools: { enter } })
      value = client.executeAsync('tools.enter({})').catch((error: unknown) => error)
      await arrived()
    }
    expect(await value).toMatchObject({ name: 'AbortError' })
    expect(signals[0]!.aborted).toBe(true)
  })

  test('a client without any execution closes at once', { tags: ['EX-10'] }, async () => {
    const client = connect(executor, { ...config, tools: { one: () => 1 } })
    await expect(client.close({ drain: true })).resolves.toBeUndefined()
  })
})

test(
  'close() waits a second for an executor that never answers, after it has sent the cancellations',
  { tags: ['EX-10'] },
  async () => {
    const requests: string[] = []
    const bothCancelled = Promise.withResolvers<void>()
    await using hung = await startHungServer((line) => {
      requests.push(line)
      if (requests.filter((each) => /^POST \S+\/cancel /.test(each)).length === 2) bothCancelled.resolve()
    })
    const client = Codemode.fromClientConfig({ executorUrl: hung.url, executorApiKey: apiKey })
    const cancelled = new AbortController()
    const values = [client.executeAsync('1', { signal: cancelled.signal }), client.executeAsync('1')]
    const outcomes = Promise.allSettled(values)
    await expect.poll(() => requests.length).toBe(2)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    cancelled.abort()
    let isClosed = false
    const closing = client.close().then(() => (isClosed = true))
    await bothCancelled.promise
    await vi.advanceTimersByTimeAsync(999)
    expect(isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await closing
    for (const { reason } of (await outcomes) as PromiseRejectedResult[]) expect(reason.code).toBe('CANCELLED')
    expect(vi.getTimerCount()).toBe(0)
  },
)

test.each<[string, (client: Codemode) => unknown]>([
  ['executeAsync', (client) => client.executeAsync('return 1')],
  ['run', (client) => client.run('return 1')],
  ['submit', (client) => client.submit('return 1')],
  ['healthCheck', (client) => client.healthCheck()],
  ['readyCheck', (client) => client.readyCheck()],
  ['a view', (client) => client.withContext({ a: 1 }).executeAsync('return 1')],
  ['registerTool', async (client) => client.registerTool('one', () => 1)],
])('%s of a closed client rejects with a clear error', { tags: ['EX-10'] }, async (_what, use) => {
  const client = connect(executor)
  await client.close()
  await expect(use(client)).rejects.toMatchObject({
    name: 'ExecutorClientError',
    code: 'CLIENT_CLOSED',
    message: 'The client is closed.',
    suggestion: expect.stringContaining('one client'),
  })
})

test(
  'executeAll of a closed client gives failed results, and its handles reject with CLIENT_CLOSED',
  { tags: ['EX-10'] },
  async () => {
    const client = connect(executor)
    const execution = await client.submit('return 1')
    const result = await execution.wait()
    await client.close()
    expect(await client.executeAll(['return 1'])).toMatchObject([{ success: false, error: { code: 'CLIENT_CLOSED' } }])
    expect(await execution.wait()).toBe(result)
    await expect(execution.retry()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(() => execution.events()).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }))
  },
)

test('closing a view closes its client and all other views', { tags: ['EX-10'] }, async () => {
  const client = connect(executor)
  await client.withContext({ a: 1 }).close()
  await expect(client.executeAsync('return 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
})

test(
  'an executor that closes drains running executions, and refuses new ones with a Retry-After',
  { tags: ['EX-10'] },
  async () => {
    const leaving = await startExecutor({ sandboxProcesses: 1 })
    const { enter, arrived, open } = toolLatch()
    await using client = connect(leaving, { retry: false, tools: { enter } })
    const value = client.executeAsync('tools.enter("drained")')
    await arrived()
    const closed = leaving.close({ drainMs: 20_000 })
    const refused = await api(leaving, '/v1/executions', { body: { code: 'return 1' } })
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'SHUTTING_DOWN', retryable: true } } })
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await api(leaving, '/readyz')).toMatchObject({
      status: 503,
      body: { error: { code: 'SHUTTING_DOWN', retryable: true } },
    })
    open()
    expect(await value).toBe('drained')
    await closed
  },
)

test(
  'an executor that closes without time to drain cancels running executions with a reason',
  { tags: ['EX-10'] },
  async () => {
    const leaving = await startExecutor({ sandboxProcesses: 1 })
    const { enter, arrived, signals } = toolLatch()
    await using client = connect(leaving, { retry: false, tools: { enter } })
    const execution = await client.submit('await tools.enter({})')
    await arrived()
    await leaving.close({ drainMs: 0 })
    expect(await execution.wait()).toMatchObject({
      success: false,
      error: { code: 'CANCELLED', message: expect.stringContaining('shutting down') },
    })
    await aborted(signals[0]!)
  },
)

/** Starts a server that accepts connections and never answers. Calls back with the first line of each request. */
async function startHungServer(onRequest: (line: string) => void): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', (bytes) => onRequest(bytes.toString().split('\r\n')[0]!))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
