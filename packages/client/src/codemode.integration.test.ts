import { request as httpRequest } from 'node:http'
import process from 'node:process'
import { once } from 'node:events'

import { fixedLimits, newCorrelationId, type Json, type ToolAnswer } from '@codemode/shared'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'

import { Codemode } from './codemode.ts'
import type { ClientConfig } from './config/schema.ts'
import { executionOf, FakeExecutor, type FakeRequest } from './testing/fake-executor.ts'
import { type FakeReply } from './testing/fake-reply.ts'
import { tool, type ToolCall } from './tools/define.ts'

function codemodeOf({ url }: { url: string }, config: Partial<ClientConfig> = {}): Codemode {
  return Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 }, ...config })
}

const ignore = (): void => {}

const answering = (value: unknown) => FakeExecutor.start((_, reply) => reply.result(value))

/** Starts an executor that returns the request as the result. */
const echoing = () => FakeExecutor.start((request, reply) => reply.result(executionOf(request)))

/** Calls a tool through the callback, as an executor does. */
async function callBack(request: FakeRequest, name: string, input: unknown, n = 1): Promise<ToolAnswer> {
  const { id, callback, context = {} } = executionOf(request)
  const callId = `${id}:${n}`
  const correlationId = request.headers['x-correlation-id']!
  const deadline = new Date(Date.now() + 10_000).toISOString()
  const message = { type: 'tool.call', executionId: id, callId, tool: name, input, context, correlationId, deadline }
  const body = JSON.stringify(message)
  const { token, url } = callback!
  const sentAt = new Date()
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${token}`,
      'webhook-id': callId,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': new Webhook(token, { format: 'raw' }).sign(callId, sentAt, body),
    },
  })
  expect(response.status).toBe(200)
  return (await response.json()) as ToolAnswer
}

test('executeAsync gives the value with its type', async () => {
  await using executor = await answering(4)
  await using codemode = codemodeOf(executor)
  expect(await codemode.executeAsync<number>('2 + 2')).toBe(4)
})

test('executeAsync throws a failure of the code, and run returns it', async () => {
  const failure = { message: 'x is not a function', guestStack: 'at line 1', details: { tool: 'bank', code: 'BROKE' } }
  await using executor = await FakeExecutor.start((_, reply) => reply.failed('GUEST_ERROR', failure))
  await using codemode = codemodeOf(executor)
  expect(await codemode.run('x()')).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', ...failure } })
  await expect(codemode.executeAsync('x()')).rejects.toMatchObject({
    name: 'ExecutionError',
    code: 'GUEST_ERROR',
    errorName: 'TypeError',
    message: 'x is not a function',
    guestStack: 'at line 1',
    details: { tool: 'bank', code: 'BROKE' },
    logs: [],
    toolCalls: [],
  })
})

test.each([
  [
    'EXECUTION_TIMEOUT',
    { name: 'ExecutorTimeoutError', layer: 'execution', timeoutMs: 5, option: 'executionTimeoutMs' },
  ],
  ['CPU_TIMEOUT', { name: 'ExecutorTimeoutError', layer: 'cpu', timeoutMs: 5, option: 'cpuTimeoutMs' }],
  ['CANCELLED', { name: 'AbortError' }],
  ['MEMORY_LIMIT', { name: 'ExecutionError' }],
] as const)('executeAsync throws the ending %s as %o', async (code, expected) => {
  await using executor = await FakeExecutor.start((_, reply) => reply.failed(code, { details: { timeoutMs: 5 } }))
  await using codemode = codemodeOf(executor)
  await expect(codemode.executeAsync('x')).rejects.toMatchObject({ code, ...expected })
})

test('a request contains the options and the context of its view, and nothing else', async () => {
  await using executor = await echoing()
  await using codemode = codemodeOf(executor, { tools: { a: () => 1, 'b-c': () => 1 }, cpuTimeoutMs: 100 })
  const view = codemode.withContext({ clientId: 'c1', role: 'admin' })
  const startedAt = performance.now()
  const options = {
    input: { a: 1 },
    context: { role: 'user' },
    config: { units: 'metric' },
    label: 'l',
    priority: 3,
    executionTimeoutMs: 6e4,
    availableTools: [],
  }
  expect(await view.executeAsync('x', options)).toEqual({
    id: expect.any(String) as string,
    code: 'x',
    input: { a: 1 },
    config: { units: 'metric' },
    label: 'l',
    priority: 3,
    context: {
      clientId: 'c1',
      role: 'user',
    },
    limits: {
      executionTimeoutMs: 6e4,
      cpuTimeoutMs: 100,
    },
  })
  expect(await codemode.executeAsync('x', { availableTools: [] })).not.toHaveProperty('context')
  const timeoutMs = Number(executor.requests[0]?.headers['x-codemode-timeout-ms'])
  expect(timeoutMs).toBeLessThanOrEqual(75_000)
  expect(timeoutMs).toBeGreaterThan(75_000 - Math.ceil(performance.now() - startedAt) - 1)
})

test.each([
  [{ background: true }, 'There is no option background'],
  [{ timeout: 5 }, 'There is no option timeout'],
  [{ retry: false }, 'There is no option retry: give it where executorUrl is given'],
  [{ connectTimeoutMs: 5 }, 'There is no option connectTimeoutMs: give it where executorUrl is given'],
  [{ executionTimeoutMs: -1 }, 'the option executionTimeoutMs'],
  [{ correlationId: 'short' }, 'the option correlationId'],
  [{ availableTools: ['wether'] }, "Did you mean 'weather'?"],
  [{ input: { a: 1n } }, 'input.a is a BigInt'],
])('the client refuses the options %o with the corrected call', async (options, problem) => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor, { tools: { weather: () => 1 } })
  for (const method of ['executeAsync', 'run', 'submit'] as const) {
    const message = expect.stringContaining(problem) as string
    const refused = { name: 'ConfigurationError', message }
    await expect(codemode[method]('x', options as never)).rejects.toMatchObject(refused)
  }
  await expect(codemode.executeAll(['x'], options as never)).rejects.toThrow('executeAsync(code')
  expect(executor.requests).toHaveLength(0)
})

test('code that is too long is not sent', async () => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor)
  const code = 'ä'.repeat(fixedLimits.sourceBytes / 2)
  expect(await codemode.executeAsync(code)).toBe(1)
  await expect(codemode.executeAsync(`${code} `)).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    details: { sizeBytes: 262_145, limitBytes: 262_144 },
  })
  expect(executor.requests).toHaveLength(1)
})

test('executeAll keeps the order, and one failure, even of a request, does not affect the others', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    const { code } = executionOf(request)
    if (code === 'throw') return reply.failed('GUEST_ERROR')
    if (code === 'refuse') return reply.error(400, 'INVALID_REQUEST')
    return reply.result(code)
  })
  await using codemode = codemodeOf(executor)
  const long = 'x'.repeat(fixedLimits.sourceBytes + 1)
  const results = await codemode.executeAll(['one', 'throw', 'refuse', long, 'two'])
  expect(results.map((result) => (result.success ? result.result : 'error' in result && result.error.code))).toEqual([
    'one',
    'GUEST_ERROR',
    'INVALID_REQUEST',
    'PAYLOAD_TOO_LARGE',
    'two',
  ])
  expect(results[2]).toMatchObject({
    executionId: expect.stringMatching(/^exe_/) as string,
    error: { retryable: false },
  })
})

test('executeAll runs at most 256 executions at a time', async () => {
  let open = 0
  let most = 0
  await using executor = await FakeExecutor.start(async (_, reply) => {
    open += 1
    most = Math.max(most, open)
    await executor.nextRequest('/v1/executions', 256)
    open -= 1
    reply.result(1)
  })
  await using codemode = codemodeOf(executor)
  expect(await codemode.executeAll(Array.from({ length: 400 }, () => 'x'))).toHaveLength(400)
  expect(most).toBe(256)
})

test('executeAll runs nothing with invalid options, and an invalid code fails alone', async () => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor)
  await expect(codemode.executeAll(['x'], { timeout: 5 } as never)).rejects.toThrow('There is no option timeout')
  expect(executor.requests).toHaveLength(0)
  const results = await codemode.executeAll(['x', 7 as never, 'x'])
  expect(results).toMatchObject([
    { success: true },
    {
      success: false,
      error: {
        code: 'CONFIGURATION_INVALID',
        name: 'ConfigurationError',
        message: expect.stringContaining('The code must be a string') as string,
      },
    },
    { success: true },
  ])
})

test('executeAll reads its codes when there is room for them, and reports its progress', async () => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor, { concurrency: 2 })
  let read = 0
  let settled = 0
  async function* codes() {
    for (; read < 50; read += 1) {
      expect(read - settled).toBeLessThanOrEqual(2)
      yield 'x'
    }
  }
  const seen: unknown[] = []
  const results = await codemode.executeAll(codes(), {
    onProgress: (progress) => {
      settled = progress.settled
      seen.push(progress)
    },
  })
  expect(results).toHaveLength(50)
  expect(seen).toHaveLength(50)
  expect(seen.at(-1)).toEqual({ total: undefined, begun: 50, settled: 50, successful: 50, failed: 0, paused: 0 })
})

function* brokenOff() {
  yield 'x'
  throw new Error('the file is gone')
}

test('the corrected call leaves out an unknown option that resembles no known one', async () => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor)
  const error = await codemode.run('x', { elephants: 5 } as never).catch(({ message }: Error) => message)
  expect(error).toBe('There is no option elephants\n\nInstead:\n\n  codemode.executeAsync(code)\n')
})

test('executeAll refuses anything except a list of codes, also a string', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.result(1))
  await using codemode = codemodeOf(executor)
  for (const codes of ['1', undefined, null, 5]) {
    await expect(codemode.executeAll(codes as never)).rejects.toThrow("executeAll(['return 2 + 2'")
  }
  expect(executor.requests).toHaveLength(0)
})

test('a failing listener or onProgress, sync or async, causes a warning and loses no result', async () => {
  const warnings: string[] = []
  const note = ({ message }: Error): void => void warnings.push(message)
  process.on('warning', note)
  await using executor = await FakeExecutor.start((_, reply) => reply.result(1))
  await using codemode = codemodeOf(executor)
  codemode.on('settle', () => Promise.reject(new Error('later')))
  const results = await codemode.executeAll(['a', 'b'], {
    onProgress: () => {
      throw new Error('now')
    },
  })
  expect(results).toMatchObject([{ result: 1 }, { result: 1 }])
  await expect.poll(() => warnings.length).toBe(4)
  process.off('warning', note)
  expect(warnings.toSorted()).toEqual([
    'A listener of the event settle threw: Error: later',
    'A listener of the event settle threw: Error: later',
    'onProgress threw: Error: now',
    'onProgress threw: Error: now',
  ])
})

test('withContext refuses anything except an object', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.result(1))
  await using codemode = codemodeOf(executor)
  for (const context of ['u1', null, ['u1'], 5]) {
    expect(() => codemode.withContext(context as never)).toThrow("withContext({ clientId: 'c1' })")
  }
})

test('executeAll rejects when reading its codes fails, after the running executions have ended', async () => {
  await using executor = await answering(1)
  await using codemode = codemodeOf(executor)
  await expect(codemode.executeAll(brokenOff())).rejects.toThrow('the file is gone')
  expect(codemode.activeExecutions()).toEqual([])
})

test('executeAll starts nothing after its client closes', async () => {
  const latch = Promise.withResolvers<void>()
  await using executor = await FakeExecutor.start(async (_, reply) => {
    await latch.promise
    reply.result(1)
  })
  const codemode = codemodeOf(executor)
  const results = codemode.executeAll(Array.from({ length: 257 }, () => 'x'))
  await executor.nextRequest('/v1/executions', 256)
  const closed = codemode.close({ drain: true })
  latch.resolve()
  expect((await results).map((result) => (result.success ? 1 : 'error' in result && result.error.code))).toEqual([
    ...Array.from({ length: 256 }, () => 1),
    'CLIENT_CLOSED',
  ])
  await closed
})

const greet = tool({
  inputSchema: z.object({ name: z.string() }),
  execute: ({ name }, { context }: ToolCall) => `${context['greeting'] as string} ${name}`,
})

/** Both transports of tool calls: name, client configuration, and an executor that calls one tool through it. */
const transports: [string, Partial<ClientConfig>, (name: string, input: unknown) => Promise<FakeExecutor>][] = [
  [
    'callback',
    { toolServer: { port: 0 } },
    (name, input) => FakeExecutor.start(async (request, reply) => reply.result(await callBack(request, name, input))),
  ],
  ['stream', {}, streamingExecutor],
]

async function streamingExecutor(name: string, input: unknown): Promise<FakeExecutor> {
  const replies = new Map<string, FakeReply>()
  return FakeExecutor.start((request, reply) => {
    if (!request.path.endsWith('/tool-results')) {
      replies.set(executionOf(request).id, reply)
      return reply.called(1, name, input)
    }
    const { results } = JSON.parse(request.body) as { results: { callId: string; answer: ToolAnswer }[] }
    for (const { callId, answer } of results) replies.get(callId.split(':')[0]!)?.finished(answer)
    return reply.json(200, { accepted: results.map(({ callId }) => callId) })
  })
}

test.each(transports)('by %s, contexts of concurrent executions never mix', async (_, config, start) => {
  await using executor = await start('greet', { name: 'Ada' })
  await using codemode = codemodeOf(executor, { ...config, tools: { greet } })
  const greetings = ['Hello', 'Hei', 'Ciao']
  const answers = greetings.map((greeting) => codemode.withContext({ greeting }).executeAsync('x'))
  expect(await Promise.all(answers)).toEqual(greetings.map((greeting) => ({ ok: true, output: `${greeting} Ada` })))
})

test.each(transports)('by %s, input that the schema rejects fails the call', async (_, config, start) => {
  await using executor = await start('greet', { name: 7 })
  await using codemode = codemodeOf(executor, { ...config, tools: { greet } })
  expect(await codemode.executeAsync('x')).toMatchObject({ ok: false, error: { code: 'TOOL_INPUT_INVALID' } })
})

test('toolHandler handles requests of your own server at toolServer.url, and requires a token', async () => {
  await using executor = await echoing()
  const toolServer = { url: 'https://app.example/tools' }
  await using codemode = codemodeOf(executor, { toolServer, tools: { greet } })
  expect(await codemode.executeAsync('x')).toMatchObject({ callback: { url: 'https://app.example/tools' } })
  expect(await codemode.executeAsync('x', { availableTools: [] })).not.toHaveProperty('callback')
  const { toolHandler } = codemode
  expect((await toolHandler(new Request('https://app.example/tools', { method: 'POST', body: '{}' }))).status).toBe(401)
})

test('an unexpected error of toolHandler is in the log under the correlation id of its answer', async () => {
  const correlationId = newCorrelationId()
  const lines: [string, Readonly<Record<string, unknown>>][] = []
  const error = (message: string, fields: Readonly<Record<string, unknown>>) => void lines.push([message, fields])
  await using executor = await FakeExecutor.start(async (request, reply) => {
    const { token } = executionOf(request).callback!
    const delivery = new Request(toolServer.url, {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${token}`, 'x-correlation-id': correlationId },
    })
    // A server that reads the body itself leaves none for the handler.
    await delivery.text()
    const response = await codemode.toolHandler(delivery)
    reply.result({ status: response.status, body: (await response.json()) as Json })
  })
  const toolServer = { url: 'https://app.example/tools' }
  const logger = { debug: ignore, info: ignore, warn: ignore, error }
  await using codemode = codemodeOf(executor, { toolServer, tools: { greet }, logger })
  const message = `The tool server failed because of a bug. The client's log has the error under correlation id ${correlationId}.`
  expect(await codemode.executeAsync('x')).toMatchObject({
    status: 500,
    body: { error: { code: 'INTERNAL', message, correlationId } },
  })
  const logged = { name: 'TypeError', stack: expect.stringContaining('incoming-request') as string }
  expect(lines).toEqual([['tool server failed', { correlationId, error: expect.objectContaining(logged) as object }]])
})

test('a connection that breaks before the tool server has read the request is not logged as a bug', async () => {
  const lines: string[] = []
  const logger = { debug: ignore, info: ignore, warn: ignore, error: (message: string) => void lines.push(message) }
  await using executor = await FakeExecutor.start(async (request, reply) => {
    const { token, url } = executionOf(request).callback!
    // The server answers "continue" when it begins to handle the request, whose body never comes to its end.
    const headers = { authorization: `Bearer ${token}`, 'content-length': 1_000, expect: '100-continue' }
    const delivery = httpRequest(url, { method: 'POST', headers }).on('error', ignore)
    delivery.flushHeaders()
    await once(delivery, 'continue')
    delivery.destroy()
    // The server has seen the broken connection when it answers a request that was sent after it.
    await new Promise((resolve) => delivery.once('close', resolve))
    expect((await fetch(url, { method: 'POST' })).status).toBe(401)
    reply.result(null)
  })
  await using codemode = codemodeOf(executor, { toolServer: { port: 0 }, tools: { greet }, logger })
  await codemode.executeAsync('x')
  expect(lines).toEqual([])
})

test('a tool registered later is available to the next execution', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    reply.finished(executionOf(request).tools?.map(({ name }) => name))
  })
  await using codemode = codemodeOf(executor, { tools: { one: () => 1 } })
  expect(await codemode.executeAsync('x')).toEqual(['one', '$search', '$describe', '$list'])
  codemode.registerTool('two', () => 2)
  expect(await codemode.withContext({}).executeAsync('x')).toEqual(['one', 'two', '$search', '$describe', '$list'])
})

test('closing cancels running executions, is idempotent, and further calls reject as closed', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) reply.json(202, {})
  })
  const codemode = codemodeOf(executor)
  const run = codemode.executeAsync('x').catch((error: unknown) => error)
  await executor.nextRequest('/v1/executions')
  // The time after which closing leaves without an answer does not pass.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  await Promise.all([codemode.close(), codemode.close()])
  expect(await run).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
  expect(executor.requestsTo('/cancel')).toHaveLength(1)
  const closed = { code: 'CLIENT_CLOSED' }
  await expect(codemode.executeAsync('x')).rejects.toMatchObject(closed)
  await expect(codemode.withContext({ a: 1 }).submit('x')).rejects.toMatchObject(closed)
  await expect(codemode.healthCheck()).rejects.toMatchObject(closed)
  expect(() => codemode.registerTool('a', () => 1)).toThrow('closed')
})

test('draining waits for running executions, and cancels the remaining ones after its timeout', async () => {
  const latch = Promise.withResolvers<void>()
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/cancel')) return reply.json(202, {})
    if (executionOf(request).code === 'never') return undefined
    await latch.promise
    return reply.result('done')
  })
  const draining = codemodeOf(executor)
  const run = draining.executeAsync('x')
  await executor.nextRequest('/v1/executions')
  const closed = draining.close({ drain: true })
  latch.resolve()
  expect(await run).toBe('done')
  await closed

  const hurried = codemodeOf(executor)
  const cancelled = hurried.executeAsync('never').catch((error: unknown) => error)
  await executor.nextRequest('/v1/executions', 2)
  await hurried.close({ drain: true, timeoutMs: 20 })
  expect(await cancelled).toMatchObject({ code: 'CANCELLED' })
})
