import { SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { api, apiKey, connect, sharedToolServer, toolLatch, transports } from '@codemode/testkit'

import { Codemode, ExecutorClient, withFailover, type ClientConfig } from '@codemode/client'
import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { SpanRecorder } from '../support/span-recorder.ts'
import { openMemoryStore, type TestStore } from '../support/test-stores.ts'

const recorder = new SpanRecorder()
const submission = ['codemode.execution', 'codemode.request', 'application']
const ways = [
  { way: 'by callback', options: { detached: true } },
  { way: 'by a client that resumes', options: { detached: true, servedBy: 'resume' } },
] as const

let store: TestStore
let nodes: DurableExecutor[]

beforeAll(async () => {
  store = openMemoryStore()
})
beforeEach(async () => {
  recorder.reset()
  nodes = [await startDurableExecutor(store), await startDurableExecutor(store)]
  return () => Promise.all(nodes.map((node) => node.close({ drainMs: 0 })))
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  recorder[Symbol.dispose]()
})

const canary = (place: string): string => `canary-in-${place}`

/** Returns a client of both nodes, whose tools are served by callback. */
async function clientWith(tools: ClientConfig['tools'] & object): Promise<Codemode> {
  const retry = { maxAttempts: 3, backoffBaseMs: 10 }
  const executors = nodes.map(({ url }) => new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, retry }))
  const toolServer = await sharedToolServer()
  return Codemode.fromClientConfig({ executor: withFailover(executors), toolServer, tools })
}

/** Returns the names of the nodes that have claimed an execution, in order, as the given node knows them. */
async function claimants(id: string, reader: DurableExecutor): Promise<string[]> {
  const { body } = await api(reader, `/v1/executions/${id}/journal`)
  return body.entries.flatMap((entry: { type: string; node: string }) => (entry.type === 'claim' ? [entry.node] : []))
}

/** Kills the node that runs an execution, or has run it last, and resolves with the other one. */
async function killRunner(id: string): Promise<DurableExecutor> {
  const name = (await claimants(id, nodes[0]!)).at(-1)
  const runner = nodes.find(({ node }) => node === name)!
  await runner.kill()
  return nodes.find((node) => node !== runner)!
}

const untilClaimedBy = (survivor: DurableExecutor, id: string): Promise<void> =>
  expect.poll(() => claimants(id, survivor)).toContain(survivor.node)

describe.each(ways)('an execution whose tools are served $way', ({ way, options }) => {
  test('is one connected tree, also after its node was killed during a call', { tags: ['OP-1', 'CX-2'] }, async () => {
    const latch = toolLatch()
    const active: (string | undefined)[] = []
    const look = (n: unknown): unknown => {
      active.push(trace.getActiveSpan()?.spanContext().traceId)
      return trace.getTracer('the-application').startActiveSpan('in the handler', (span) => (span.end(), n))
    }
    await using client = await clientWith({ look, enter: latch.enter })
    let id = ''
    const traceId = await recorder.inApplication(async () => {
      const code = 'await tools.look(1)\nawait sleep(500)\nawait tools.enter(2)\nreturn tools.look(3)'
      ;({ id } = await client.submit(code, { ...options, label: 'the label' }))
    })
    const ended = way === 'by callback' ? (await client.getExecution(id)).wait() : client.resume(id)
    await latch.arrived()
    const survivor = await killRunner(id)
    // An execution that waits for a client is parked, and is claimed when the answer comes.
    if (way === 'by callback') await untilClaimedBy(survivor, id)
    latch.open()
    expect(await ended).toMatchObject({ success: true, result: 3 })
    await expect
      .poll(() => recorder.named('codemode.claim').filter(({ attributes }) => attributes['codemode.outcome']))
      .toHaveLength(1)

    const spans = recorder.spans.filter((span) => span.spanContext().traceId === traceId)
    for (const span of spans) expect(recorder.pathOf(span)).not.toContain('lost')
    expect(active).toEqual([traceId, traceId])
    const claims = spans.filter(({ name }) => name === 'codemode.claim')
    expect(claims.length).toBeGreaterThanOrEqual(2)
    for (const claim of claims) {
      expect(recorder.pathOf(claim)).toEqual(['codemode.claim', ...submission])
      expect(claim.attributes).toMatchObject({ 'codemode.execution_id': id, 'codemode.label': 'the label' })
    }
    const handlers = spans.filter(({ name }) => name === 'codemode.tool')
    // A client that resumes runs a call again if its stream breaks.
    expect(handlers.length).toBeGreaterThanOrEqual(3)
    for (const handler of handlers)
      expect(recorder.pathOf(handler)).toEqual(['codemode.tool', 'codemode.tool_call', ...submission])
    const inner = spans.filter(({ name }) => name === 'in the handler')
    expect(inner.map((span) => recorder.pathOf(span)[1])).toEqual(['codemode.tool', 'codemode.tool'])
  })
})

test('a retry has a trace of its own, with a link to the execution that it repeats', { tags: ['OP-1'] }, async () => {
  await using client = connect(nodes[0]!)
  const first = await client.submit('return 1', { detached: true })
  await first.wait()
  const [original] = recorder.named('codemode.execution')
  const traceId = await recorder.inApplication(async () => (await first.retry()).wait())
  const retried = recorder.named('codemode.execution').find((span) => span.spanContext().traceId === traceId)
  expect(retried?.links.map((link) => link.context.spanId)).toEqual([original?.spanContext().spanId])
})

test('a step of a durable session is part of its caller’s trace', { tags: ['OP-1'] }, async () => {
  await using client = await clientWith({ look: () => 1 })
  const session = await client.session({ durable: true })
  const traceId = await recorder.inApplication(() => session.run('await tools.look({})'))
  await expect.poll(() => recorder.named('codemode.claim')).toHaveLength(1)
  const path = ['codemode.execution', 'codemode.request', 'codemode.execute', 'application']
  const [call] = recorder.named('codemode.tool_call')
  expect(recorder.pathOf(call!)).toEqual(['codemode.tool_call', ...path])
  expect(call!.spanContext().traceId).toBe(traceId)
})

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('no span has a payload', { tags: ['OP-1'] }, async () => {
    const tools = {
      echo: () => canary('output'),
      fail: () => {
        throw Object.assign(new Error(canary('message')), { code: canary('code') })
      },
    }
    await using client = connect(nodes[0]!, { ...config, tools })
    const code = `// ${canary('source')}
      console.log(input)
      await tools.echo({ text: input })
      await tools.fail({}).catch(() => {})
      throw new Error(input)`
    await client.run(code, { input: canary('input') })
    await expect.poll(() => recorder.named('codemode.execution').length).toBeGreaterThanOrEqual(1)
    const texts = recorder.spans.map(({ name, attributes, status, events, links }) =>
      JSON.stringify({ name, attributes, status, events, links }),
    )
    expect(texts.filter((text) => text.includes('canary') || text.includes(apiKey))).toEqual([])
    const failed = recorder.named('codemode.tool').find(({ status }) => status.code === SpanStatusCode.ERROR)
    expect(failed?.attributes).toMatchObject({
      'error.type': '_OTHER',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'fail',
    })
    const executed = recorder.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'execute_tool')
    expect(new Set(executed.map(({ name }) => name))).toEqual(new Set(['codemode.tool']))
    const guest = recorder.named('codemode.execution').find(({ attributes }) => attributes['error.type'])
    expect(guest?.attributes).toMatchObject({ 'codemode.outcome': 'failed', 'error.type': 'GUEST_ERROR' })
  })
})
