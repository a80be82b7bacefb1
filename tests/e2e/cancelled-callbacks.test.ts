import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import type { Codemode, ExecuteOptions } from '@codemode/client'
import type { RunningExecutor } from '@codemode/executor'
import { newExecutionId } from '@codemode/shared'

import {
  aborted,
  type CallbackRequest,
  connect,
  freePort,
  startExecutor,
  startProxy,
  ToolHost,
  toolLatch,
} from '@codemode/testkit'

let executor: RunningExecutor

beforeAll(async () => {
  executor = await startExecutor()
})
afterAll(() => executor.close({ drainMs: 0 }))

/**
 * Starts a client whose tool server is behind a proxy that keeps its connection to the tool server open when the
 * executor closes the one to the proxy. The tool server learns of a cancellation only by `tool.cancel`.
 */
async function behindDeafProxy(url: string, tools: Parameters<typeof connect>[1] = {}) {
  const port = await freePort()
  const proxy = await startProxy({ url: `http://127.0.0.1:${port}` }, (_, number) =>
    number === 1 ? 'hang when sent' : 'pass',
  )
  const client = connect({ url }, { ...tools, toolServer: { port, url: proxy.url } })
  return {
    client,
    proxy,
    async [Symbol.asyncDispose]() {
      await client.close()
      await proxy.cut()
    },
  }
}

const cancelReason = async (signal: AbortSignal): Promise<string> => {
  const reason = await aborted(signal)
  expect(reason).toMatchObject({ name: 'AbortError' })
  return (reason as Error).message
}

interface Cancelling {
  readonly client: Codemode
  readonly begin: (options?: ExecuteOptions) => Promise<unknown>
  readonly arrived: () => Promise<void>
}

const ways: [string, RegExp, (cancelling: Cancelling) => Promise<unknown>][] = [
  [
    'cancel()',
    /: The execution was cancelled: not needed any more$/,
    async ({ client, arrived }) => {
      const execution = await client.submit('await tools.enter({})')
      await arrived()
      await execution.cancel('not needed any more')
      return execution.wait()
    },
  ],
  [
    'the signal',
    /: The execution was cancelled: .*the user has left/,
    async ({ begin, arrived }) => {
      const controller = new AbortController()
      const ended = begin({ signal: controller.signal })
      await arrived()
      controller.abort(new Error('the user has left'))
      return ended
    },
  ],
  [
    'the signal of executeAll',
    /: The execution was cancelled/,
    async ({ client, arrived }) => {
      const controller = new AbortController()
      const ended = client.executeAll(['await tools.enter({})'], { signal: controller.signal })
      await arrived()
      controller.abort()
      return ended
    },
  ],
  [
    'closing the client',
    /: The execution was cancelled: .*the client was closed|^The client was closed$/,
    async ({ client, begin, arrived }) => {
      const ended = begin()
      await arrived()
      await client.close()
      return ended
    },
  ],
  [
    'the end of code that does not await the call',
    /: The code ended without waiting for the call$/,
    async ({ client, arrived }) => {
      const ended = client.executeAsync('return await Promise.race([tools.enter({}), tools.quick({})])')
      await arrived()
      return ended
    },
  ],
]

test.each(ways)(
  '%s aborts the handler, though the connection of its call stays open',
  { tags: ['EX-9', 'TL-5'] },
  async (...way) => {
    const [, expected, cancel] = way
    const { enter, arrived, signals } = toolLatch()
    const tools = { enter, quick: () => arrived().then(() => 'quick') }
    await using behind = await behindDeafProxy(executor.url, { tools })
    const { client } = behind
    const begin = (options?: ExecuteOptions) =>
      client.run('await tools.enter({})', options).catch((error: unknown) => error)
    await cancel({ client, begin, arrived: () => arrived() })
    expect(await cancelReason(signals[0]!)).toMatch(expected)
    expect(signals).toHaveLength(1)
  },
)

test(
  'a client that is gone past the grace aborts its handlers with the reason of the cancellation',
  { tags: ['EX-9'] },
  async () => {
    const { enter, arrived, signals } = toolLatch()
    const impatient = await startExecutor({ disconnectGraceMs: 300 })
    onTestFinished(() => impatient.close({ drainMs: 0 }))
    await using before = await startProxy(impatient)
    await using behind = await behindDeafProxy(before.url, { retry: false, tools: { enter } })
    const execution = await behind.client.submit('await tools.enter({})')
    await arrived()
    await before.cut()
    await expect(execution.wait()).rejects.toMatchObject({ name: 'ExecutorConnectionError' })
    expect(await cancelReason(signals[0]!)).toContain('300 ms')
  },
)

test.each([
  [{ toolTimeoutMs: 5_000 }, /did not answer within 5000 ms \(toolTimeoutMs\)/],
  [{ executionTimeoutMs: 6_000 }, /did not end within 6000 ms of wall time \(executionTimeoutMs\)/],
])(
  'a call that a clock ended (%j) is cancelled at its tool server with the name of the clock',
  { tags: ['TL-5', 'RT-3'] },
  async (...given) => {
    const [clocks, reason] = given
    const { enter, signals } = toolLatch()
    await using host = await ToolHost.start(executor, { tools: { enter } })
    const ended = await host.codemode.run('await tools.enter({}); return 1', clocks)
    expect(ended).toMatchObject({ success: false })
    expect(await aborted(signals[0]!)).toMatchObject({ name: expect.stringMatching(/AbortError|TimeoutError/) })
    // The handler's own deadline passes at the same time: a call that it answers first is not cancelled.
    const [call, ...cancels] = messagesOf(host)
    expect(call).toMatchObject({ type: 'tool.call' })
    expect(cancels.filter((each) => each.type !== 'tool.cancel' || !reason.test(each.reason ?? ''))).toEqual([])
  },
)

test(
  'an executor that shuts down cancels its open calls at their tool servers',
  { tags: ['EX-9', 'EX-10'] },
  async () => {
    const own = await startExecutor()
    const { enter, arrived, signals } = toolLatch()
    await using behind = await behindDeafProxy(own.url, { retry: false, tools: { enter } })
    const ended = behind.client.run('await tools.enter({})').catch((error: unknown) => error)
    await arrived()
    await own.close({ drainMs: 0 })
    expect(await cancelReason(signals[0]!)).toContain('the executor is shutting down')
    await ended
  },
)

test(
  'a tool server that accepts everything and answers nothing delays no end and no shutdown',
  { tags: ['EX-9', 'EX-10'] },
  async () => {
    const own = await startExecutor()
    const { enter, arrived } = toolLatch()
    const port = await freePort()
    const server = { url: `http://127.0.0.1:${port}` }
    await using proxy = await startProxy(server, (_, number) => (number === 1 ? 'hang when sent' : 'hang'))
    await using client = connect(own, { tools: { enter }, toolServer: { port, url: proxy.url } })
    const first = await client.submit('await tools.enter({})')
    await arrived()
    await first.cancel()
    expect(await first.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    await expect.poll(() => proxy.exchanges.length).toBe(2)
    await own.close({ drainMs: 0 })
    expect(proxy.exchanges).toHaveLength(2)
  },
)

test(
  'a delivery that is repeated after the cancellation never gets a successful answer',
  { tags: ['TL-6', 'EX-9'] },
  async () => {
    const { enter, arrived, open, signals } = toolLatch()
    await using host = await ToolHost.start(executor, { tools: { enter } })
    const execution = await host.codemode.submit('await tools.enter("late")')
    await arrived()
    const repeats = [host.deliver(host.deliveries[0]!), host.deliver(host.deliveries[0]!)]
    await execution.cancel()
    await aborted(signals[0]!)
    open()
    repeats.push(host.deliver(host.deliveries[0]!))
    for (const { status, body } of await Promise.all(repeats)) {
      expect({ status, body }).toMatchObject({ status: 200, body: { ok: false, error: { code: 'TOOL_CANCELLED' } } })
    }
    expect(signals).toHaveLength(1)
  },
)

test(
  'the tool server accepts cancellations of calls that are over, unknown or still in transit',
  { tags: ['EX-9', 'TL-6'] },
  async () => {
    let runs = 0
    await using host = await ToolHost.start(executor, { tools: { count: () => ++runs } })
    expect(await host.codemode.executeAsync('return await tools.count()')).toBe(1)
    const delivery = host.deliveries[0]!
    const callId = `${JSON.parse(delivery.body).executionId}:2`
    const cancel = (id: string) => host.deliver(delivery, { message: { type: 'tool.cancel', callId: id } })
    for (const id of [delivery.callId, delivery.callId, callId, callId]) {
      expect(await cancel(id)).toEqual({ status: 200, body: { ok: true } })
    }
    expect(await host.deliver(delivery)).toEqual({ status: 200, body: { ok: true, output: 1 } })
    expect(await host.deliver(delivery, { message: { callId } })).toMatchObject({
      status: 200,
      body: { ok: false, error: { code: 'TOOL_CANCELLED' } },
    })
    expect(runs).toBe(1)
  },
)

test.each<[string, number, Parameters<ToolHost['deliver']>[1]]>([
  ['no token', 401, { authorization: '' }],
  ['a forged token', 401, { token: 'e30.e30.e30' }],
  ['no signature', 401, { headers: { 'webhook-signature': '' } }],
  ['a signature with another key', 401, { signingKey: 'another-key-than-the-token' }],
  ['a stale signature', 401, { sentAt: new Date(Date.now() - 600_000) }],
  ['the call id of another execution', 403, { message: { callId: `${newExecutionId()}:1` } }],
  ['another execution', 403, { message: { executionId: newExecutionId() } }],
  ['a webhook id that differs from the call id', 403, { webhookId: 'exe_1:9' }],
])(
  'the tool server refuses a cancellation with %s with %i, and the call continues',
  { tags: ['TL-3', 'EX-9'] },
  async (_what, status, change) => {
    const { enter, arrived, open, signals } = toolLatch()
    await using host = await ToolHost.start(executor, { tools: { enter } })
    const running = host.codemode.executeAsync('return await tools.enter("kept")')
    await arrived()
    const message = { type: 'tool.cancel', ...change!.message }
    expect(await host.deliver(host.deliveries[0]!, { ...change, message })).toMatchObject({ status })
    open()
    expect(await running).toBe('kept')
    expect(signals.map(({ aborted: isAborted }) => isAborted)).toEqual([false])
  },
)

test('the token of one execution cannot cancel a call of another', { tags: ['TL-3', 'EX-9'] }, async () => {
  const { enter, arrived, open, signals } = toolLatch()
  await using host = await ToolHost.start(executor, { tools: { enter } })
  const values = ['a', 'b'].map((input) => host.codemode.executeAsync('return await tools.enter(input)', { input }))
  await arrived(2)
  const [first, second] = host.deliveries as [CallbackRequest, CallbackRequest]
  const message = { type: 'tool.cancel' }
  expect(await host.deliver(first, { token: second.token, message })).toMatchObject({ status: 403 })
  expect(await host.deliver(first, { signingKey: second.token, message })).toMatchObject({ status: 401 })
  open()
  expect(await Promise.all(values)).toEqual(['a', 'b'])
  expect(signals.map(({ aborted: isAborted }) => isAborted)).toEqual([false, false])
})

test(
  'a tool server that refuses the message as unknown, as older clients do, loses no calls',
  { tags: ['EX-9'] },
  async () => {
    const { enter, arrived, signals } = toolLatch()
    const port = await freePort()
    const older = { status: 400, body: '{"error":{"code":"INVALID_REQUEST"}}' } as const
    await using proxy = await startProxy({ url: `http://127.0.0.1:${port}` }, (_, number) =>
      number === 1 ? 'pass' : older,
    )
    await using client = connect(executor, { tools: { enter }, toolServer: { port, url: proxy.url } })
    const execution = await client.submit('await tools.enter({})')
    await arrived()
    await execution.cancel()
    expect(await execution.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    expect(await aborted(signals[0]!)).toMatchObject({
      name: 'AbortError',
      message: 'The executor no longer waits for the call',
    })
    await expect.poll(() => proxy.exchanges.length).toBe(2)
  },
)

interface Message {
  readonly type: string
  readonly reason?: string
}

const messagesOf = (host: ToolHost): Message[] => host.deliveries.map(({ body }) => JSON.parse(body) as Message)
