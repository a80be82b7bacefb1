import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect as connectClient, keyOf, writeKeysFile, type KeysFile } from '@codemode/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { openMemoryStore, type TestStore } from '../support/test-stores.ts'
import { generations, type ServerAddress, type TestClient, type UserAnswer } from './mcp-clients.ts'
import { mcpCommand, McpHttpProcess } from './mcp-command.ts'

const token = 'the-token-of-mcp-clients'

let store: TestStore
let keys: KeysFile
let executor: DurableExecutor
let httpServer: McpHttpProcess
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  store = openMemoryStore()
  keys = await writeKeysFile({ ada: { tenant: 'acme' }, bob: { tenant: 'acme', rights: ['approve'] } })
  executor = await startDurableExecutor(store, { ...keys.config, apiKey: undefined })
  folder = await mkdtemp(join(tmpdir(), 'codemode-mcp-'))
  env = {
    CODEMODE_EXECUTOR_URL: executor.url,
    CODEMODE_EXECUTOR_API_KEY: keyOf('ada'),
    CODEMODE_MCP_TOKEN: token,
  }
  httpServer = await McpHttpProcess.start(['--approvals', 'elicit'], env)
})
afterAll(async () => {
  await httpServer?.[Symbol.asyncDispose]()
  await executor?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
  await keys?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const transports: { transport: string; address(this: void): ServerAddress }[] = [
  { transport: 'standard input and output', address: () => mcpCommand(['--approvals', 'elicit'], env) },
  { transport: 'HTTP', address: () => ({ url: httpServer.url, token }) },
]
const combinations = transports.flatMap((each) => generations.map((generation) => ({ ...each, ...generation })))

/** Resolves with the id of an execution that waits for an approval. */
async function pausedExecution(client: TestClient, amount: number): Promise<string> {
  const { structuredContent, isError } = await client.call('run_code', {
    code: `return tools.pay({ amount: ${amount} })`,
  })
  expect(isError).toBeUndefined()
  return structuredContent!['executionId'] as string
}

describe.each(combinations)('a client of $protocol over $transport', ({ address, connect }) => {
  const forms: string[] = []
  const answers: UserAnswer[] = []
  let client: TestClient
  /** Client whose user answers forms. */
  let asking: TestClient
  beforeAll(async () => {
    client = await connect(address())
    asking = await connect(address(), { onForm: (message) => (forms.push(message), answers.shift()!) })
  })
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    await asking?.[Symbol.asyncDispose]()
  })

  test('lists the tools, and gets values and errors of code', { tags: ['FW-1'] }, async () => {
    expect(client.instructions()).toContain('price_of')
    expect(await client.toolNames()).toEqual(['run_code', 'get_execution', 'resume_execution'])
    const value = await client.call('run_code', { code: `return tools.price_of({ item: 'pen' })` })
    expect(value.content[0]!.text).toContain('Value:\n300')
    expect(value.isError).toBeUndefined()
    const failure = await client.call('run_code', { code: 'const x = 1\nnull.y' })
    expect(failure).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('at code:2:6') }] })
    const unknown = await client.call('get_execution', { executionId: 'exe_00000000-0000-7000-8000-000000000000' })
    expect(unknown).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('NOT_FOUND') }] })
  })

  test('keeps variables in a session, and is told when the session is gone', { tags: ['FW-1', 'SE-3'] }, async () => {
    const first = await client.call('run_code', { code: 'let n = 20', sessionId: 'new' })
    const { sessionId } = first._meta!['codemode/execution'] as { sessionId: string }
    expect(first.content[1]!.text).toBe(`sessionId: ${sessionId}`)
    const second = await client.call('run_code', { code: 'n += 1; return n * 2', sessionId })
    expect(second.content[0]!.text).toContain('Value:\n42')
    const gone = await client.call('run_code', { code: 'n', sessionId: sessionId.replace(/.{4}$/, 'ffff') })
    expect(gone).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('SESSION_EXPIRED') }] })
  })

  test('gets a paused execution as a normal result, and its value after the decision', { tags: ['FW-4'] }, async () => {
    const executionId = await pausedExecution(client, 900)
    for (const tool of ['get_execution', 'resume_execution']) {
      const { structuredContent, isError, content } = await client.call(tool, { executionId })
      expect(isError).toBeUndefined()
      expect(structuredContent).toMatchObject({ status: 'paused', pending: [{ tool: 'pay', input: { amount: 900 } }] })
      expect(content[0]!.text).toContain('call resume_execution')
    }
    await using approver = connectClient(executor, { executorApiKey: keyOf('bob') })
    for await (const approval of approver.listApprovals({ executionId }))
      await approver.decide(approval, { approve: true })
    const ended = await client.call('resume_execution', { executionId })
    expect(ended.content[0]!.text).toContain('Value:\n{"paid":900}')
    expect((await client.call('get_execution', { executionId })).content).toEqual(ended.content)
  })

  test('cancels the code and its tool calls', { tags: ['FW-1', 'EX-9'] }, async () => {
    const file = join(folder, `${crypto.randomUUID()}.txt`)
    const cancelling = new AbortController()
    const code = `await tools.hang({ file: ${JSON.stringify(file)} })`
    const call = client.call('run_code', { code }, { signal: cancelling.signal })
    const failure = call.then(
      () => undefined,
      (error: unknown) => error,
    )
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toBe('called\n')
    cancelling.abort('no longer needed')
    expect(await failure).toBeInstanceOf(Error)
    await expect.poll(() => readFile(file, 'utf8')).toBe('called\ncancelled\n')
  })

  test('lets its user decide where it offers forms', { tags: ['FW-4', 'AP-4'] }, async () => {
    answers.push({ action: 'accept', content: { approve: true } }, { action: 'decline' })
    const approved = await asking.call('run_code', { code: 'return tools.pay({ amount: 7 })' })
    expect(approved.content[0]!.text).toContain('Value:\n{"paid":7}')
    const declined = await asking.call('run_code', { code: 'return tools.pay({ amount: 8 })' })
    expect(declined).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('TOOL_REJECTED') }] })
    expect(forms).toEqual(['Code of the model calls pay({"amount":7}).', 'Code of the model calls pay({"amount":8}).'])
  })

  test('leaves an execution paused if its user closes the form, and asks again on resuming', async () => {
    answers.push({ action: 'cancel' }, { action: 'accept', content: { approve: true } })
    const executionId = await pausedExecution(asking, 9)
    const resumed = await asking.call('resume_execution', { executionId })
    expect(resumed.content[0]!.text).toContain('Value:\n{"paid":9}')
  })
})

/** Sends a request to the HTTP server. Resolves with the status of the response. */
async function post(headers: Record<string, string>, path = '/mcp'): Promise<number> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const all = { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers }
  return (await fetch(new URL(path, httpServer.url), { method: 'POST', headers: all, body })).status
}

test('over HTTP only programs that know the token are served, and no page of a browser', async () => {
  const authorization = `Bearer ${token}`
  expect(await post({})).toBe(401)
  expect(await post({ authorization: `${authorization}x` })).toBe(401)
  expect(await post({ authorization, origin: 'https://attacker.example' })).toBe(403)
  expect(await post({ authorization }, '/other')).toBe(404)
  // It is the client's session that is missing then.
  expect(await post({ authorization })).toBe(400)
})
