import { connect as connectClient, keyOf, writeKeysFile, type KeysFile } from '@codemode/testkit'
import { Codemode, tool } from '@codemode/client'
import {
  mcpHttpHandler,
  registerMcpTools,
  type McpAuthInfo,
  type McpRequestInfo,
  type McpServerOptions,
} from '@codemode/client/mcp-server'
import * as sdk from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { openMemoryStore, type TestStore } from '../support/test-stores.ts'
import { generations, type TestClient, type UserAnswer } from './mcp-clients.ts'

const pay = tool({ requiresApproval: true, execute: ({ amount }: { amount: number }) => ({ paid: amount }) })

let store: TestStore
let keys: KeysFile
let executor: DurableExecutor
let codemode: Codemode

beforeAll(async () => {
  store = openMemoryStore()
  keys = await writeKeysFile({ all: {}, run: { rights: ['run'] } })
  executor = await startDurableExecutor(store, { ...keys.config, apiKey: undefined })
  codemode = connectClient(executor, {
    executorApiKey: keyOf('all'),
    tools: {
      pay,
      who: (_, { context }) => context['user'] ?? 'nobody',
    },
  })
})
afterAll(async () => {
  await codemode?.close()
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
  await keys?.[Symbol.asyncDispose]()
})

interface Served {
  readonly options?: McpServerOptions
  readonly authInfo?: McpAuthInfo
  readonly onForm?: (message: string) => UserAnswer
}

/** Connects a client to a handler in this process, without a socket. */
async function connect(
  { connect: open }: (typeof generations)[number],
  view: Parameters<typeof mcpHttpHandler>[1],
  { options, authInfo, onForm }: Served = {},
): Promise<TestClient> {
  const handler = mcpHttpHandler(sdk, view, options)
  const serve = (request: Request): Promise<Response> => handler.fetch(request, { authInfo })
  const client = await open({ url: 'http://mcp.test/mcp', serve }, { ...(onForm && { onForm }) })
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]()
    await handler.close()
  })
  return client
}

const viewOf = ({ authInfo }: McpRequestInfo) => codemode.withContext({ user: authInfo?.clientId })

const textOf = ({ content }: Awaited<ReturnType<TestClient['call']>>): string =>
  content.map(({ text }) => text).join('\n')

test.each(generations)(
  'the user of a client of $protocol is not asked unless the operator allows it',
  { tags: ['AP-4', 'FW-4'] },
  async (generation) => {
    const forms: string[] = []
    const onForm = (message: string): UserAnswer => {
      forms.push(message)
      return { action: 'accept', content: { approve: true } }
    }
    const client = await connect(generation, codemode, { onForm })
    const result = await client.call('run_code', { code: 'return tools.pay({ amount: 5 })' })
    expect(result.structuredContent).toMatchObject({ status: 'paused' })
    expect(forms).toEqual([])
  },
)

test.each(generations)('a client of $protocol gets the tools of the user that is known for it', async (generation) => {
  const client = await connect(generation, viewOf, { authInfo: { clientId: 'ada' } })
  expect(textOf(await client.call('run_code', { code: 'return tools.who({})' }))).toContain('Value:\n"ada"')
})

test.each(generations)(
  'errors of the request tell a client of $protocol nothing of the operator',
  async (generation) => {
    await using unreachable = Codemode.fromClientConfig({
      executorUrl: 'http://127.0.0.1:9/secret-path',
      executorApiKey: 'secret-key',
      retry: false,
    })
    const errors: unknown[] = []
    const client = await connect(generation, unreachable, { options: { onError: (error) => errors.push(error) } })
    const result = await client.call('run_code', { code: '1' })
    expect(result.isError).toBe(true)
    expect(textOf(result)).toMatch(
      /^CONNECTION_FAILED: The service that runs the code can not be reached\. The same call may succeed later\. Correlation id: \S+$/,
    )
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('127.0.0.1:9') })])
  },
)

test('a call that needs an approval is rejected in a session, because a step can not be paused', async () => {
  const client = await connect(generations[1], codemode)
  const result = await client.call('run_code', { code: 'return tools.pay({ amount: 5 })', sessionId: 'new' })
  expect(result.isError).toBe(true)
  expect(textOf(result)).toContain('Send this code without a sessionId.')
})

test('another client can not use the session of a client', async () => {
  const handler = mcpHttpHandler(sdk, codemode)
  onTestFinished(() => handler.close())
  const send = (body: object, clientId: string, session?: string): Promise<Response> => {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(session !== undefined && { 'mcp-session-id': session }),
    }
    const request = new Request('http://mcp.test/mcp', { method: 'POST', headers, body: JSON.stringify(body) })
    return handler.fetch(request, { authInfo: { clientId } })
  }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const started = await send({ jsonrpc: '2.0', id: 1, method: 'initialize', params }, 'ada')
  const session = started.headers.get('mcp-session-id')!
  await started.body?.cancel()
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
  expect((await send(list, 'eve', session)).status).toBe(404)
  const own = await send(list, 'ada', session)
  expect(own.status).toBe(200)
  expect(await own.text()).toContain('run_code')
})

test('the tools can be added to a server with tools of its own', async () => {
  const handler = sdk.createMcpHandler(() => {
    const server = new sdk.McpServer({ name: 'shop', version: '2.0.0' })
    server.registerTool('ping', {}, () => ({ content: [{ type: 'text', text: 'pong' }] }))
    registerMcpTools(server, codemode, { execution: { availableTools: ['who'] } })
    return server
  })
  await using client = await generations[1].connect({ url: 'http://mcp.test/mcp', serve: handler.fetch })
  expect(await client.toolNames()).toEqual(['ping', 'run_code', 'get_execution', 'resume_execution'])
  expect(textOf(await client.call('run_code', { code: 'return tools.who({})' }))).toContain('Value:\n"nobody"')
  expect(textOf(await client.call('run_code', { code: 'return tools.pay({ amount: 1 })' }))).toContain('pay')
})

test.each(generations)(
  'an operator whose key may not decide gets the error, and a client of $protocol a paused execution',
  async (generation) => {
    await using runner = connectClient(executor, { executorApiKey: keyOf('run'), tools: { pay } })
    const errors: unknown[] = []
    const client = await connect(generation, runner, {
      options: { approvals: 'elicit', onError: (error) => errors.push(error) },
      onForm: () => ({ action: 'accept', content: { approve: true } }),
    })
    const result = await client.call('run_code', { code: 'return tools.pay({ amount: 6 })' })
    expect(result.structuredContent).toMatchObject({ status: 'paused', pending: [{ tool: 'pay' }] })
    expect(errors).toEqual([expect.objectContaining({ code: 'FORBIDDEN' })])
  },
)

test('a state that was not signed starts nothing', async () => {
  const handler = mcpHttpHandler(sdk, codemode, { approvals: 'elicit' })
  onTestFinished(() => handler.close())
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  }
  const forged = { executionId: 'exe_00000000-0000-7000-8000-000000000000', approvals: [] }
  const params = { name: 'run_code', arguments: { code: '1' }, requestState: JSON.stringify(forged), _meta: meta }
  const request = new Request('http://mcp.test/mcp', {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'run_code',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
  const response = await handler.fetch(request)
  expect(await response.json()).toMatchObject({ error: { message: 'Invalid or expired requestState' } })
})
