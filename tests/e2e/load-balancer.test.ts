// Two executors on one database behind nginx, with the configuration of deploy/.
import { afterAll, beforeAll, expect, test } from 'vitest'

import { ExecutorClient, type ExecutionEvent } from '@codemode/client'
import { aborted, api, apiKey, connect, toolLatch } from '@codemode/testkit'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { startNginx, type Nginx } from '../support/nginx.ts'
import { openPostgresStore, type TestStore } from '../support/test-stores.ts'

/** Number of executions that certainly do not all go to one node. */
const many = 24

let store: TestStore
let nodes: readonly DurableExecutor[]
let balancer: Nginx

beforeAll(async () => {
  store = await openPostgresStore()
  nodes = [await startDurableExecutor(store), await startDurableExecutor(store)]
  balancer = await startNginx(nodes)
})
afterAll(async () => {
  await balancer[Symbol.asyncDispose]()
  await Promise.all(nodes.map((node) => node.close({ drainMs: 0 })))
  await store[Symbol.asyncDispose]()
})

/** Returns the numbers of the nodes that know a running execution. */
async function nodesOf(id: string): Promise<number[]> {
  const answers = await Promise.all(nodes.map((node) => api(node, `/v1/executions/${id}`)))
  return answers.flatMap(({ status }, n) => (status === 200 ? [n] : []))
}

test(
  'attached executions and the answers of their stream tools reach the node that runs them',
  { tags: ['JB-5', 'OP-4'] },
  async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(balancer, { tools: { enter } })
    const executions = await Promise.all(
      Array.from({ length: many }, (_, input) => client.submit('return await tools.enter(input)', { input })),
    )
    await arrived(many)
    const places = await Promise.all(executions.map(({ id }) => nodesOf(id)))
    expect(places.map(({ length }) => length)).toEqual(places.map(() => 1))
    expect(new Set(places.flat())).toEqual(new Set([0, 1]))
    open()
    const results = await Promise.all(executions.map((execution) => execution.wait()))
    expect(results).toMatchObject(results.map((_, result) => ({ success: true, result })))
  },
)

test('cancellations reach the node that runs the execution', { tags: ['JB-5'] }, async () => {
  const { enter, arrived, signals } = toolLatch()
  await using client = connect(balancer, { tools: { enter } })
  const executions = await Promise.all(Array.from({ length: many }, () => client.submit('await tools.enter()')))
  await arrived(many)
  await Promise.all(executions.map((execution) => execution.cancel()))
  const results = await Promise.all(executions.map((execution) => execution.wait()))
  expect(results).toMatchObject(results.map(() => ({ success: false, error: { code: 'CANCELLED' } })))
  await Promise.all(signals.map(aborted))
})

test(
  'another client reads events as they happen, and goes on after any of them',
  { tags: ['JB-5', 'EX-5'] },
  async () => {
    const { enter, arrived, open } = toolLatch()
    await using client = connect(balancer, { tools: { enter } })
    await using reader = new ExecutorClient({ executorUrl: balancer.url, executorApiKey: apiKey })
    const code = 'console.log("before"); await tools.enter(); console.log("after")'
    const executions = await Promise.all(Array.from({ length: 8 }, () => client.submit(code)))
    await arrived(8)
    const untilLog = async (id: string): Promise<ExecutionEvent> => {
      // Nothing follows this event until the latch is opened.
      for await (const event of reader.events(id)) if (event.type === 'tool.called') return event
      throw new Error('the events ended without a call')
    }
    const seen = await Promise.all(executions.map(({ id }) => untilLog(id)))
    open()
    await Promise.all(executions.map((execution) => execution.wait()))
    for (const [n, { id }] of executions.entries()) {
      const rest: string[] = []
      for await (const { type } of reader.events(id, { after: seen[n]!.id })) rest.push(type)
      expect(rest.filter((type) => type !== 'waiting')).toEqual(['tool.settled', 'log', 'finished'])
    }
  },
)

test('detached executions are found through every node', { tags: ['JB-5'] }, async () => {
  await using client = connect(balancer)
  const execution = await client.submit('await sleep(500); return 1', { detached: true })
  for (const node of [...nodes, balancer]) {
    await using direct = connect(node)
    const found = await direct.getExecution(execution.id)
    expect(await found.wait()).toMatchObject({ success: true, result: 1 })
  }
})

test('people sign in to the console through it, over plain HTTP', { tags: ['JB-5', 'OP-3'] }, async () => {
  // As browsers do over plain HTTP: without sec-fetch-site.
  const attempt = (origin: string) =>
    fetch(`${balancer.url}/console/api/sign-in`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ apiKey }),
    })
  const signedIn = await attempt(balancer.url)
  expect(signedIn.status).toBe(200)
  expect(signedIn.headers.get('set-cookie')).not.toContain('Secure')
  expect((await attempt('http://evil.example')).status).toBe(403)
})
