import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { Codemode, ExecutorClient, withFailover, type ClientConfig, type ExecutionEvent } from '@codemode/client'
import {
  api,
  apiKey,
  connect,
  freePort,
  packageFlags,
  ToolHost,
  toolLatch,
  type CallbackRequest,
} from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const detached = true
const secret = 'a-secret-that-all-processes-of-the-client-share'

async function toolServerConfig(): Promise<{ port: number; url: string; secret: string }> {
  const port = await freePort()
  return { port, url: `http://127.0.0.1:${port}/`, secret }
}

/** Returns the claims of the token of a delivery. */
function claimsOf({ token }: CallbackRequest): { sub: string; tools: string[]; iat: number; exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

/** Returns the life of the execution of a delivery, which its token outlives by a minute. */
function lifeInDays(delivery: CallbackRequest): number {
  const { iat, exp } = claimsOf(delivery)
  return Math.round((exp - iat - 60) / 86_400)
}

/** Tool that answers with the context of its call. */
const contextOf = (_: unknown, { context }: { context: unknown }): unknown => context

/** Store with two nodes. */
interface Cluster extends AsyncDisposable {
  readonly nodes: readonly [DurableExecutor, DurableExecutor]
}

async function startCluster(open: () => Promise<TestStore>): Promise<Cluster> {
  const store = await open()
  const nodes = [await startDurableExecutor(store), await startDurableExecutor(store)] as const
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.close({ drainMs: 0 })))
      await store[Symbol.asyncDispose]()
    },
  }
}

/** Returns a client of all nodes. */
function clientOf(
  nodes: readonly DurableExecutor[],
  config: Omit<Partial<ClientConfig>, 'executorUrl'> = {},
): Codemode {
  const retry = { maxAttempts: 3, backoffBaseMs: 10 }
  const executors = nodes.map(({ url }) => new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry }))
  return Codemode.fromClientConfig({ executor: withFailover(executors), ...config })
}

/** Returns the nodes that have claimed the execution, in order, as the given node knows them. */
async function claimants(
  executionId: string,
  reader: DurableExecutor,
  nodes: readonly DurableExecutor[],
): Promise<(DurableExecutor | undefined)[]> {
  const { body } = await api(reader, `/v1/executions/${executionId}/journal`)
  const claims: { node: string }[] = body.entries.filter(({ type }: { type: string }) => type === 'claim')
  return claims.map(({ node: name }) => nodes.find(({ node }) => node === name))
}

/** Kills the node that runs the execution, and resolves when the other one has claimed the execution. */
async function killRunner(executionId: string, nodes: readonly DurableExecutor[]): Promise<void> {
  const runner = (await claimants(executionId, nodes[0]!, nodes)).at(-1)!
  const survivor = nodes.find((node) => node !== runner)!
  await runner.kill()
  await expect.poll(() => claimants(executionId, survivor, nodes)).toEqual([runner, survivor])
}

describe.each(testStores)('over the $store store, when a node dies', ({ open }) => {
  test('an execution goes on when its node dies, and its client follows it', { tags: ['JB-5'] }, async () => {
    await using cluster = await startCluster(open)
    const { nodes } = cluster
    const { enter, arrived, open: letContinue } = toolLatch()
    await using client = clientOf(nodes, { toolServer: await toolServerConfig(), tools: { enter } })
    const code = 'for (let n = 0; n < 20; n++) { console.log(n); if (n === 3) await tools.enter(n) }'
    const execution = await client.submit(code, { detached })
    const killed = arrived()
      .then(() => killRunner(execution.id, nodes))
      .then(letContinue)
    const seen: ExecutionEvent[] = []
    for await (const event of execution.events()) seen.push(event)
    await killed
    const logs = seen.flatMap((event) => (event.type === 'log' ? [Number(event.text)] : []))
    expect(logs).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(await execution.wait()).toMatchObject({ success: true, usage: { replays: 1 } })
  })

  test(
    'a node that dies during a tool call does not abort the handler, which runs once',
    { tags: ['JB-1', 'TL-6'] },
    async () => {
      const latch = toolLatch()
      const answered: unknown[] = []
      const before = (input: unknown): unknown => (answered.push(input), input)
      await using cluster = await startCluster(open)
      const { nodes } = cluster
      await using client = clientOf(nodes, {
        toolServer: await toolServerConfig(),
        tools: { before, enter: latch.enter },
      })
      const code = 'const a = await tools.before(1)\nreturn [a, await tools.enter(2)]'
      const execution = await client.submit(code, { detached })
      await latch.arrived()
      await killRunner(execution.id, nodes)
      latch.open()
      expect(await execution.wait()).toMatchObject({ success: true, result: [1, 2] })
      expect(latch.signals).toHaveLength(1)
      expect(latch.signals[0]?.aborted).toBe(false)
      expect(answered).toEqual([1])
    },
  )
})

describe.each(testStores)('over the $store store', ({ open }) => {
  let cluster: Cluster
  let nodes: Cluster['nodes']

  beforeAll(async () => {
    cluster = await startCluster(open)
    nodes = cluster.nodes
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('another process with the same secret serves the tools', { tags: ['JB-1'] }, async () => {
    const toolServer = await toolServerConfig()
    const submitter = connect(nodes[0], { toolServer: { url: toolServer.url, secret }, tools: { whoami: () => 0 } })
    const execution = await submitter.submit('return await tools.whoami({})', { detached })
    await submitter.close()
    const child = spawn(
      execPath,
      [...packageFlags, fileURLToPath(new URL('../support/tool-process.ts', import.meta.url))],
      {
        env: {
          CODEMODE_EXECUTOR_URL: nodes[0].url,
          CODEMODE_EXECUTOR_API_KEY: apiKey,
          CODEMODE_TOOL_SERVER_PORT: String(toolServer.port),
          CODEMODE_TOOL_SERVER_URL: toolServer.url,
          CODEMODE_TOOL_SERVER_SECRET: secret,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const exited = once(child, 'exit')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await exited
    })
    await using client = connect(nodes[1])
    const found = await client.getExecution(execution.id)
    expect(await found.wait()).toMatchObject({ success: true, result: child.pid })
  })

  test('a call waits for a tool server that restarts', { tags: ['JB-1'] }, async () => {
    const toolServer = await toolServerConfig()
    const { enter, arrived } = toolLatch()
    const first = connect(nodes[0], { toolServer, tools: { enter } })
    const execution = await first.submit('return await tools.enter(1)', { detached })
    await arrived()
    // The handler ignores its signal: the process closes without an answer.
    await first.close()
    await using second = connect(nodes[0], { toolServer, tools: { enter: () => 'of the second process' } })
    await second.serveTools()
    const same = await second.getExecution(execution.id)
    expect(await same.wait()).toMatchObject({ success: true, result: 'of the second process' })
  })

  test('a call that no tool server answers fails at its deadline', { tags: ['JB-1'] }, async () => {
    const { url } = await toolServerConfig()
    await using client = connect(nodes[0], { toolServer: { url, secret }, tools: { one: () => 1 } })
    const code = 'try { await tools.one(1) } catch (error) { return error.code }'
    const execution = await client.submit(code, { detached, toolTimeoutMs: 500 })
    expect(await execution.wait()).toMatchObject({ success: true, result: 'TOOL_TIMEOUT' })
  })

  test('a handler that fails because its client closes is no answer', { tags: ['JB-1'] }, async () => {
    const toolServer = await toolServerConfig()
    const entered = Promise.withResolvers<void>()
    const work = (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
      entered.resolve()
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    }
    const first = connect(nodes[0], { toolServer, tools: { work } })
    const execution = await first.submit('return await tools.work(1)', { detached })
    await entered.promise
    await first.close()
    await using second = connect(nodes[0], { toolServer, tools: { work: () => 'done' } })
    await second.serveTools()
    expect(await (await second.getExecution(execution.id)).wait()).toMatchObject({ success: true, result: 'done' })
  })

  test(
    'a call has a minute of grace, and a token for the life of its execution',
    { tags: ['JB-1', 'TL-3'] },
    async () => {
      const tools = { one: () => 1, two: () => 2 }
      await using host = await ToolHost.start(nodes[0], { toolServer: { secret }, tools })
      const code = 'return await tools.one({})'
      const options = { availableTools: ['one'], expiresAfterMs: 10 * 86_400_000 }
      const execution = await host.codemode.submit(code, { detached, ...options })
      await execution.wait()
      const retried = await execution.retry()
      expect(await retried.wait()).toMatchObject({ success: true, result: 1 })
      await host.codemode.run(code)
      const [first, second, attached] = host.deliveries
      for (const { body } of [first!, second!]) expect(JSON.parse(body)).toMatchObject({ gracePeriodMs: 60_000 })
      expect(JSON.parse(attached!.body)).not.toHaveProperty('gracePeriodMs')
      expect(claimsOf(first!)).toMatchObject({ sub: execution.id, tools: ['one', '$search', '$describe', '$list'] })
      expect(claimsOf(second!)).toMatchObject({ sub: retried.id, tools: ['one', '$search', '$describe', '$list'] })
      expect([first!, second!].map(lifeInDays)).toEqual([10, 30])
    },
  )

  test('a cancellation aborts the handler at once', { tags: ['JB-4'] }, async () => {
    const latch = toolLatch()
    await using client = clientOf(nodes, { toolServer: await toolServerConfig(), tools: { enter: latch.enter } })
    const execution = await client.submit('await tools.enter(1)', { detached })
    await latch.arrived()
    const signal = latch.signals[0]!
    const abortedHandler = once(signal, 'abort')
    await execution.cancel('enough')
    expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
    if (!signal.aborted) await abortedHandler
    latch.open()
  })

  test('a retry in another process gets a callback for its tools, and for no others', { tags: ['JB-4'] }, async () => {
    const toolServer = await toolServerConfig()
    const tools = { one: () => 1, two: () => 2 }
    const first = connect(nodes[0], { toolServer, tools })
    const code = 'return [await tools.one({}), Object.keys(tools)]'
    const execution = await first.submit(code, { detached, availableTools: ['one'] })
    await execution.wait()
    await first.close()
    await using second = connect(nodes[1], { toolServer, tools })
    const retried = await (await second.getExecution(execution.id)).retry()
    expect(await retried.wait()).toMatchObject({ success: true, result: [1, ['one']] })
    await using without = connect(nodes[1])
    const found = await without.getExecution(execution.id)
    await expect(found.retry()).rejects.toMatchObject({ name: 'ConfigurationError' })
  })

  test('handlers get the context of a view, whose own tools are refused', { tags: ['JB-1'] }, async () => {
    const toolServer = await toolServerConfig()
    await using client = clientOf(nodes, { toolServer, tools: { who: contextOf } })
    const view = client.withContext({ user: 'u1' })
    const execution = await view.submit('return await tools.who({})', { detached })
    expect(await execution.wait()).toMatchObject({ success: true, result: { user: 'u1' } })
    const own = client.withTools({ mine: () => 1 })
    await expect(own.submit('1', { detached })).rejects.toThrow(/tools of a view \(withTools\).*mine/s)
    const shared = await own.submit('return await tools.who({})', { detached, availableTools: ['who'] })
    expect(await shared.wait()).toMatchObject({ success: true, result: {} })
  })
})
