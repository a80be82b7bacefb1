import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

import { tool } from '@codemode/client'
import type { Approval } from '@codemode/shared'
import {
  api,
  apiKey,
  connect,
  freePort,
  listenLocally,
  startExecutor,
  startExecutorProcess,
  startPostgres,
  type PostgresServer,
} from '@codemode/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { startCommitLosingProxy } from '../support/commit-losing-proxy.ts'

interface Call {
  readonly callId: string
  readonly tool: string
  readonly input: unknown
  readonly approval?: { readonly decidedBy: string }
}

/** Calls that the tool server has received. It answers the first call of `slow` never. */
const calls: Call[] = []
const callsOf = (tool: string): Call[] => calls.filter((call) => call.tool === tool)

const toolServer = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const call = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Call
    calls.push(call)
    if (call.tool === 'slow' && callsOf('slow').length === 1) return
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ok: true, output: call.input }))
  })
})

let server: PostgresServer
let tools: Awaited<ReturnType<typeof listenLocally>>
beforeAll(async () => {
  server = await startPostgres()
  tools = await listenLocally(toolServer)
})
afterAll(async () => {
  await tools[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
beforeEach(() => void calls.splice(0))

const pay = { name: 'pay', requiresApproval: 'always' } as const
const newCallback = () => ({ url: `${tools.url}/`, token: randomBytes(16).toString('hex') })

/** Executor, and requests with a key of it. */
const clientOf = (executor: { readonly url: string; readonly apiKey?: string }) => {
  const { apiKey: key = apiKey } = executor
  const send = (path: string, body?: object) => api(executor, path, { key, ...(body && { body }) })
  return {
    post: send,
    read: async (path: string) => (await send(path)).body,
    approvals: async (executionId: string): Promise<Approval[]> =>
      (await send(`/v1/approvals?executionId=${executionId}`)).body.items,
    /** Opens the event stream of a serving client, which stays open while the response is referred to. */
    serve(executionId: string): Promise<Response> {
      const url = `${executor.url}/v1/executions/${executionId}/events?serve=1`
      return fetch(url, { headers: { authorization: `Bearer ${key}` } })
    },
  }
}

const approve = ({ executionId, callId, inputHash }: Approval) =>
  [`/v1/executions/${executionId}/approvals/${callId}`, { decision: 'approve', inputHash }] as const

test('a decision made while the node dies is carried out by another one, where another client serves calls', async () => {
  const env = { CODEMODE_DATABASE_URL: server.url, CODEMODE_SANDBOX_PROCESSES: '1', CODEMODE_LOG_LEVEL: 'error' }
  await using first = await startExecutorProcess({ env })
  const one = clientOf(first)
  const code = 'return Promise.all([tools.slow(1), tools.pay({ amount: 1 })])'
  const declared = [{ name: 'slow', timeoutMs: 240_000 }, pay]
  const request = { code, tools: declared, callback: newCallback(), detached: true }
  const { executionId } = (await one.post('/v1/executions', request)).body
  const served = (
    await one.post('/v1/executions', { code: 'return tools.ask(1)', tools: [{ name: 'ask' }], detached: true })
  ).body.executionId as string
  await expect.poll(() => callsOf('slow')).toHaveLength(1)
  const [approval] = await one.approvals(executionId)
  const serving = [await one.serve(served), await one.serve(served)]
  await using second = await startExecutorProcess({ env })
  const two = clientOf(second)
  serving.push(await two.serve(served))
  expect(serving.map(({ status }) => status)).toEqual([200, 409, 409])

  const [, decided] = await Promise.all([first.kill(), two.post(...approve(approval!))])
  expect(decided).toMatchObject({ status: 200, body: { status: 'approved' } })
  const serveAgain = async () => serving[serving.push(await two.serve(served)) - 1]!.status
  await expect.poll(serveAgain, { interval: 500 }).toBe(200)
  const answer = { ok: true, output: 'served' }
  const results = { results: [{ callId: `${served}:1`, answer }] }
  expect((await two.post(`/v1/executions/${served}/tool-results`, results)).body).toEqual({ accepted: [`${served}:1`] })
  const resultOf = async (id: string) => (await two.read(`/v1/executions/${id}`)).result
  await expect.poll(() => resultOf(served)).toBe('served')
  await expect.poll(() => resultOf(executionId)).toEqual([1, { amount: 1 }])
  expect(callsOf('pay')).toMatchObject([{ callId: approval!.callId, approval: {} }])
  expect(callsOf('slow').map(({ callId }) => callId)).toEqual([`${executionId}:1`, `${executionId}:1`])
})

test('a promotion whose confirmation is lost is made once, and its client gets the approvals', async () => {
  await using proxy = await startCommitLosingProxy(server, "'paused'")
  await using executor = await startExecutor({ databaseUrl: proxy.url, sandboxProcesses: 1 })
  const { post, read, approvals } = clientOf(executor)
  const code = 'return [await tools.before(1), await tools.pay({ amount: 1 }), await tools.before(2)]'
  const limits = { executionTimeoutMs: 240_000, toolTimeoutMs: 240_000 }
  const request = { code, tools: [{ name: 'before' }, pay], callback: newCallback(), limits }
  const { status, body } = await post('/v1/executions', request)
  expect(proxy.lost).toBe(1)
  expect({ status, body }).toMatchObject({ status: 202, body: { status: 'paused', approvals: [{ tool: 'pay' }] } })
  const { executionId } = body
  const [approval, ...others] = await approvals(executionId)
  expect(others).toEqual([])
  expect((await post(...approve(approval!))).status).toBe(200)
  for (const call of [2, 3]) {
    const callId = `${executionId}:${call}`
    const results = { results: [{ callId, answer: { ok: true, output: call } }] }
    await expect
      .poll(async () => (await post(`/v1/executions/${executionId}/tool-results`, results)).body.accepted)
      .toEqual([callId])
  }
  await expect.poll(async () => (await read(`/v1/executions/${executionId}`)).result).toEqual([1, 2, 3])
  const { entries } = await read(`/v1/executions/${executionId}/journal`)
  expect(entries.filter(({ isPromotion }: { isPromotion?: true }) => isPromotion)).toHaveLength(1)
  expect(callsOf('before')).toMatchObject([{ callId: `${executionId}:1` }])
  expect(callsOf('pay')).toEqual([])
})

test('without its store, an execution that waits for an approval says so when its time is over', async () => {
  const unavailable = `postgres://codemode@127.0.0.1:${await freePort()}/codemode`
  await using executor = await startExecutor({ databaseUrl: unavailable, sandboxProcesses: 1 })
  await using codemode = connect(executor, { tools: { pay: tool({ requiresApproval: () => true, execute: () => 1 }) } })
  const result = await codemode.run('await tools.pay({})', { executionTimeoutMs: 15_000 })
  expect(result).toMatchObject({
    error: {
      code: 'EXECUTION_TIMEOUT',
      message: expect.stringMatching(/waits for an approval, and the store, .* did not take it over within 15000 ms/),
      details: { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 15_000 },
    },
  })
})
