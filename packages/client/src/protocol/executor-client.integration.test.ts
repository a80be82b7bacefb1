import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  newExecutionId,
  newSessionId,
  type ExecutionRequest,
  type ToolAnswer,
  type ToolResultsRequest,
} from '@codemode/shared'
import { expect, onTestFinished, test, vi } from 'vitest'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecutorClientConfig } from '../config/schema.ts'
import { ExecutorClient } from './executor-client.ts'
import type { RunOptions } from '../executor.ts'
import { executionOf, FakeExecutor } from '../testing/fake-executor.ts'
import { failedResultOf, resultOf, runningRecordOf, type FakeReply } from '../testing/fake-reply.ts'

const apiKey = 'a-very-secret-key'
const fast = { retry: { backoffBaseMs: 1 } }

function clientOf({ url }: { url: string }, config: Partial<ExecutorClientConfig> = fast): ExecutorClient {
  return new ExecutorClient({ executorUrl: url, executorApiKey: apiKey, ...config })
}

const noTools: RunOptions = { callTool: () => Promise.reject(new Error('no tools here')) }
const weather = { code: 'x', tools: [{ name: 'weather' }] } satisfies ExecutionRequest

async function failureOf(promise: Promise<unknown>): Promise<ExecutorClientError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ExecutorClientError)
  const text = JSON.stringify(error)
  expect(text).not.toContain(apiKey)
  return error as ExecutorClientError
}

test('a run sends its id as idempotency key, its key, correlation id and deadline, and gives the result', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.result(4))
  await using client = clientOf(executor)
  const startedAt = performance.now()
  const result = await client.run({ code: '2 + 2' }, { ...noTools, correlationId: 'my-correlation-id' })
  const elapsedMs = performance.now() - startedAt
  expect(result).toMatchObject({ success: true, result: 4, source: 'executor' })
  const [request] = executor.requests
  const { id } = executionOf(request!)
  expect(request).toMatchObject({ method: 'POST', path: '/v1/executions' })
  expect(request!.headers).toMatchObject({
    accept: 'application/json',
    authorization: `Bearer ${apiKey}`,
    'idempotency-key': id,
    'x-codemode-execution-id': id,
    'x-correlation-id': 'my-correlation-id',
  })
  const remainingMs = Number(request!.headers['x-codemode-timeout-ms'])
  expect(remainingMs).toBeGreaterThanOrEqual(Math.floor(45_000 - elapsedMs))
  expect(remainingMs).toBeLessThanOrEqual(45_000)
})

test('a broken connection and a busy executor are retried with the same bytes', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    if (executor.requests.length === 1) return reply.destroy()
    if (executor.requests.length === 2)
      return reply.error(503, 'OVERLOADED', { retryable: true }, { 'retry-after': '0' })
    return reply.result('ok')
  })
  await using client = clientOf(executor)
  expect(await client.run({ code: 'x' }, noTools)).toMatchObject({ result: 'ok' })
  expect(new Set(executor.requests.map(({ body }) => body)).size).toBe(1)
  expect(executor.requests).toHaveLength(3)
})

test('the client waits for Retry-After', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    executor.requests.length === 1
      ? reply.error(429, 'RATE_LIMITED', { retryable: true }, { 'retry-after': '1' })
      : reply.result(1),
  )
  await using client = clientOf(executor, { retry: { backoffBaseMs: 1 } })
  const start = performance.now()
  await client.run({ code: 'x' }, noTools)
  expect(performance.now() - start).toBeGreaterThan(990)
})

test(
  'a URL where no executor listens is a connection error after 3 attempts, and not ambiguous',
  { tags: ['RT-1'] },
  async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    await using client = clientOf({ url: `http://127.0.0.1:${port}` })
    const error = await failureOf(client.run({ code: 'x' }, noTools))
    expect(error).toMatchObject({
      name: 'ExecutorConnectionError',
      code: 'CONNECTION_FAILED',
      attempts: 3,
      ambiguous: false,
      retryable: true,
    })
    expect(error.message).toContain('after 3 attempts')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' })
  },
)

test('requests that break after they were sent end as OUTCOME_AMBIGUOUS', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.destroy())
  await using client = clientOf(executor)
  const error = await failureOf(client.run({ code: 'x' }, noTools))
  expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true, attempts: 10, retryable: false })
  expect(error.message).toContain('after 10 attempts')
  expect(error.cause).toMatchObject({ name: 'ExecutorConnectionError', cause: { code: 'UND_ERR_SOCKET' } })
})

test('a rejected key gives its own error, which is neither retried nor a connection error', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.error(401, 'UNAUTHORIZED'))
  await using client = clientOf(executor)
  const error = await failureOf(client.run({ code: 'x' }, noTools))
  expect(error).toMatchObject({ name: 'ExecutorClientError', code: 'UNAUTHORIZED', httpStatus: 401, attempts: 1 })
  expect(error.message).toContain('rejected the API key')
  expect(executor.requests).toHaveLength(1)
})

test.each([400, 403, 404, 409, 413, 500])('a %i is not retried', async (status) => {
  await using executor = await FakeExecutor.start((_, reply) => reply.error(status, 'INVALID_REQUEST'))
  await using client = clientOf(executor)
  await failureOf(client.run({ code: 'x' }, noTools))
  expect(executor.requests).toHaveLength(1)
})

test('an HTML page of a gateway gives a typed error without the HTML', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.json(502, '<html>Bad gateway</html>'))
  await using client = clientOf(executor)
  const error = await failureOf(client.run({ code: 'x' }, noTools))
  expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', attempts: 10, ambiguous: true, httpStatus: 502 })
  expect(error.message).not.toContain('html')
})

test('a redirect is refused, so that the key is sent to no other server', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    reply.json(302, {}, { location: 'http://127.0.0.1:1/' }),
  )
  await using client = clientOf(executor)
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({ httpStatus: 302, attempts: 1 })
})

test('a conflict after an ambiguous failure is resolved by reading the execution', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'GET') {
      const record = { ...resultOf(request.path.split('/').at(-1)!, 'done'), createdAt: new Date().toISOString() }
      return reply.json(200, { ...record, status: 'completed' })
    }
    return executor.requests.length === 1 ? reply.destroy() : reply.error(409, 'IDEMPOTENCY_CONFLICT')
  })
  await using client = clientOf(executor)
  expect(await client.run({ code: 'x' }, noTools)).toMatchObject({ success: true, result: 'done' })
  expect(executor.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
})

test('the calls of an execution whose creation got a foreign answer are served over its events, once each', async () => {
  await using executor = await FakeExecutor.start(async (request, reply) => {
    const id = request.path.split('/')[3]!
    if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
    if (request.method === 'POST') return reply.json(500, { not: 'of an executor' })
    if (request.path.endsWith(id)) return reply.json(200, runningRecordOf(id, []))
    if (executor.requestsTo('/events').length > 1) return reply.finished('done', 3)
    reply.started()
    reply.called(1, 'weather', {})
    await executor.nextRequest('/tool-results')
    return reply.destroy()
  })
  await using client = clientOf(executor)
  const seen: string[] = []
  const calls: string[] = []
  const callTool = async ({ callId }: { callId: string }): Promise<ToolAnswer> => {
    calls.push(callId)
    return { ok: true, output: 1 }
  }
  const result = await client.run(weather, { callTool, onEvent: ({ type, id }) => seen.push(`${type} ${id}`) })
  expect(result).toMatchObject({ success: true, result: 'done' })
  expect(calls).toEqual([`${executionOf(executor.requests[0]!).id}:1`])
  expect(seen).toEqual(['started 1', 'tool.called 2', 'finished 3'])
  expect(executor.requestsTo('/events').map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2'])
})

test('after a conflict of its id, a client serves no calls of the execution that has it', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    const id = request.path.split('/')[3]!
    if (request.method === 'POST') {
      return executor.requests.length === 1 ? reply.destroy() : reply.error(409, 'IDEMPOTENCY_CONFLICT')
    }
    if (request.path.endsWith(id)) return reply.json(200, runningRecordOf(id, []))
    reply.started()
    reply.called(1, 'weather', {})
    return reply.finished('of another request')
  })
  await using client = clientOf(executor)
  const seen: unknown[] = []
  expect(await client.run(weather, { ...noTools, onEvent: (event) => seen.push(event) })).toMatchObject({
    success: true,
  })
  expect(seen).toEqual([])
  expect(executor.requestsTo('/tool-results')).toEqual([])
})

test('an execution unknown to the executor after an ambiguous failure has an ambiguous outcome', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    executor.requests.length === 1 ? reply.destroy() : reply.error(404, 'NOT_FOUND'),
  )
  await using client = clientOf(executor)
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
    code: 'OUTCOME_AMBIGUOUS',
    ambiguous: true,
  })
})

const knownOf = ({ requests }: FakeExecutor) => requests.map(({ headers }) => headers['x-codemode-known'])

test(
  'each attempt sends the latest reading, and after one that may have arrived the reading of that attempt',
  { tags: ['RT-2'] },
  async () => {
    await using executor = await FakeExecutor.start((_, reply) => {
      const { length } = executor.requests
      if (length === 1) return reply.error(503, 'OVERLOADED', { retryable: true })
      if (length === 3) return reply.error(429, 'RATE_LIMITED', { retryable: true })
      return length < 6 ? reply.destroy() : reply.result('ok')
    })
    await using client = clientOf(executor)
    await client.run({ code: 'x' }, noTools)
    const of = (clockMs: number) => `${executor.instance}=${clockMs}`
    // The first reading is from the response of /v1/info.
    expect(knownOf(executor)).toEqual([of(1), of(2), of(2), of(2), of(2), of(2)])
    await client.run({ code: 'x' }, noTools)
    expect(knownOf(executor).at(-1)).toBe(of(executor.clockMs - 1))
  },
)

/** Refuses a request as an executor does that remembers its executions since the given clock reading. */
function refuse(executor: FakeExecutor, reply: FakeReply, remembersSinceMs: number): void {
  executor.clockMs += 1_000_000
  const details = { instance: executor.instance, clockMs: executor.clockMs, remembersSinceMs }
  reply.error(409, 'OUTCOME_AMBIGUOUS', { ambiguous: true, details })
}

test(
  'a refusal that proves that nothing has run is retried with the new reading at once, and does not count as failed',
  { tags: ['RT-2'] },
  async () => {
    await using executor = await FakeExecutor.start((_, reply) => {
      if (executor.requests.length > 1) return reply.result('ok')
      executor.instance = 'a'.repeat(32)
      return refuse(executor, reply, 0)
    })
    await using client = clientOf(executor)
    const retries: unknown[] = []
    const onRetry = (retry: unknown) => void retries.push(retry)
    expect(await client.run({ code: 'x' }, { ...noTools, onRetry })).toMatchObject({ result: 'ok' })
    expect(knownOf(executor)).toEqual([`${'f'.repeat(32)}=1`, `${'a'.repeat(32)}=1000002`])
    expect(retries).toEqual([])
  },
)

test(
  'an instance that started after the request was sent refuses it, and the code does not run a second time',
  { tags: ['RT-2'] },
  async () => {
    await using executor = await FakeExecutor.start((request, reply) =>
      request.method === 'GET' ? reply.error(404, 'NOT_FOUND') : refuse(executor, reply, executor.clockMs + 1_000_000),
    )
    await using client = clientOf(executor)
    expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
      code: 'OUTCOME_AMBIGUOUS',
      ambiguous: true,
      retryable: false,
      cause: { code: 'OUTCOME_AMBIGUOUS', httpStatus: 409 },
    })
    expect(executor.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
  },
)

test(
  'a request that may have been sent before a sleep of the machine is ambiguous after a refusal',
  { tags: ['RT-2'] },
  async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    await using executor = await FakeExecutor.start((request, reply) => {
      if (request.method === 'GET') return reply.error(404, 'NOT_FOUND')
      vi.setSystemTime(Date.now() + 3_600_000)
      return refuse(executor, reply, 0)
    })
    await using client = clientOf(executor)
    expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({ code: 'OUTCOME_AMBIGUOUS' })
    expect(executor.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
  },
)

test('no refusal after an attempt that may have arrived gets a new reading', { tags: ['RT-2'] }, async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'GET') return reply.error(404, 'NOT_FOUND')
    return executor.requests.length === 1 ? reply.destroy() : refuse(executor, reply, 0)
  })
  await using client = clientOf(executor)
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
    code: 'OUTCOME_AMBIGUOUS',
    ambiguous: true,
  })
  expect(executor.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
  expect(new Set(knownOf(executor).slice(0, 2)).size).toBe(1)
})

test(
  'a refusal of every reading is retried after a delay, and the final error is not ambiguous',
  { tags: ['RT-2'] },
  async () => {
    await using executor = await FakeExecutor.start((_, reply) => {
      executor.instance = String(executor.requests.length % 10).repeat(32)
      return refuse(executor, reply, 0)
    })
    await using client = clientOf(executor, { retry: { maxAttempts: 2, backoffBaseMs: 1 } })
    const error = await failureOf(client.run({ code: 'x' }, noTools))
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', attempts: 2, ambiguous: false, retryable: true })
    expect(error.message).toContain('refused 4 readings of its clock in a row')
    expect(executor.requests).toHaveLength(8)
  },
)

test(
  'a client makes three attempts until its executor has answered, and ten attempts from then on',
  { tags: ['RT-1'] },
  async () => {
    let isDown = true
    await using executor = await FakeExecutor.start((_, reply) => (isDown ? reply.destroy() : reply.result('ok')))
    executor.info = (reply) => (isDown ? reply.destroy() : reply.json(200, {}))
    await using client = clientOf(executor)
    const unreached = await failureOf(client.run({ code: 'x' }, noTools))
    // No request with code was sent, so none can have run.
    expect(unreached).toMatchObject({ code: 'CONNECTION_FAILED', attempts: 3, ambiguous: false })
    isDown = false
    await client.run({ code: 'x' }, noTools)
    isDown = true
    expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({ attempts: 10, ambiguous: true })
  },
)

test(
  'a client whose third attempt is the first to reach its executor has ten from then on',
  { tags: ['RT-1'] },
  async () => {
    await using executor = await FakeExecutor.start((_, reply) =>
      executor.requests.length < 7 ? reply.error(503, 'OVERLOADED', { retryable: true }) : reply.result('ok'),
    )
    let asked = 0
    executor.info = (reply) => ((asked += 1) < 3 ? reply.destroy() : reply.json(200, {}))
    await using client = clientOf(executor)
    expect(await client.run({ code: 'x' }, noTools)).toMatchObject({ result: 'ok' })
    expect(executor.requests).toHaveLength(7)
  },
)

test.each<[string, number, Record<string, unknown>]>([
  ['a connection error', 0, { code: 'OUTCOME_AMBIGUOUS', ambiguous: true, retryable: false }],
  ['a 503', 503, { code: 'OUTCOME_AMBIGUOUS', ambiguous: true, retryable: false }],
  ['a rejected key', 401, { code: 'UNAUTHORIZED', ambiguous: true }],
])('%s after the execution was accepted does not claim that the code has not run', async (_what, status, expected) => {
  for (const settles of [false, true]) {
    await using executor = await FakeExecutor.start((request, reply) => {
      if (settles && request.path.endsWith('/events')) return reply.error(404, 'NOT_FOUND')
      if (request.method === 'GET')
        return status === 0 ? reply.destroy() : reply.error(status, 'UNAUTHORIZED', { retryable: status === 503 })
      reply.started()
      return setImmediate(() => reply.destroy())
    })
    await using client = clientOf(executor)
    expect(await failureOf(client.run(weather, noTools))).toMatchObject(expected)
  }
})

test('permanently refused answers leave an ambiguous outcome', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/tool-results')) return reply.error(503, 'OVERLOADED', { retryable: true })
    return request.path.endsWith('/cancel') ? reply.json(200, {}) : reply.called(1, 'weather', {})
  })
  await using client = clientOf(executor)
  const error = await failureOf(client.run(weather, { callTool: async () => ({ ok: true, output: 1 }) }))
  expect(error).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
})

test('an answer that is not a result is a protocol error', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.json(200, { hello: 'world' }))
  await using client = clientOf(executor)
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
    code: 'INVALID_RESPONSE',
    ambiguous: true,
  })
})

test('the request timeout expires in the client, is named in the error, and cancels the execution', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) reply.json(202, {})
  })
  await using client = clientOf(executor, { requestTimeoutMs: 50 })
  const error = await failureOf(client.run({ code: 'x' }, noTools))
  expect(error).toMatchObject({
    name: 'ExecutorTimeoutError',
    code: 'REQUEST_TIMEOUT',
    layer: 'request',
    timeoutMs: 50,
    option: 'requestTimeoutMs',
    ambiguous: true,
  })
  await executor.nextRequest('/cancel')
})

test('the request of a step of a durable session has the timeout of the client', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.error(404, 'NOT_FOUND'))
  await using client = clientOf(executor, { requestTimeoutMs: 30_000 })
  const session = { id: newSessionId(), context: {}, isDurable: true }
  const error = await failureOf(client.run({ code: 'x' }, { ...noTools, session }))
  expect(error).toMatchObject({ code: 'SESSION_EXPIRED' })
  const [request] = executor.requests
  expect(request).toMatchObject({
    path: `/v1/sessions/${session.id}/steps`,
    headers: { 'x-codemode-execution-id': error.executionId },
  })
  expect(Number(request!.headers['x-codemode-timeout-ms'])).toBeLessThanOrEqual(30_000)
})

test('the request timeout gives the same error when the executor detects it first', async () => {
  const details = { layer: 'request', option: 'requestTimeoutMs', timeoutMs: 4_321 }
  await using executor = await FakeExecutor.start((_, reply) => reply.failed('EXECUTION_TIMEOUT', { details }))
  await using client = clientOf(executor, { requestTimeoutMs: 30_000 })
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
    code: 'REQUEST_TIMEOUT',
    layer: 'request',
    timeoutMs: 30_000,
    ambiguous: true,
    attempts: 1,
  })
})

test('a request timeout longer than the longest timer does not expire at once', async () => {
  await using executor = await FakeExecutor.start(async (_, reply) => {
    // A timer with a delay that is too long fires after 1 ms, before this one, which starts later.
    await sleep(2)
    reply.result(1)
  })
  await using client = clientOf(executor)
  const limits = { queueTimeoutMs: 2_147_483_647 }
  expect(await client.run({ code: 'x', limits }, noTools)).toMatchObject({ result: 1 })
})

test('the connect timeout expires in the client and is named in the error', async () => {
  // The server accepts the connection and never answers the TLS handshake.
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await using client = clientOf({ url: `https://127.0.0.1:${port}` }, { connectTimeoutMs: 60, retry: false })
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({
    name: 'ExecutorTimeoutError',
    code: 'CONNECTION_FAILED',
    layer: 'connect',
    timeoutMs: 60,
    option: 'connectTimeoutMs',
    ambiguous: false,
  })
  server.close()
})

test('the deadline ends retrying before a delay that would exceed it', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    reply.error(503, 'OVERLOADED', { retryable: true }, { 'retry-after': '60' }),
  )
  await using client = clientOf(executor, { requestTimeoutMs: 30_000, retry: { backoffMaxMs: 60_000 } })
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({ code: 'OVERLOADED', attempts: 1 })
})

test('a timeout in the queue is a timeout of its own layer', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    reply.error(503, 'QUEUE_TIMEOUT', { details: { layer: 'queue', timeoutMs: 7, option: 'queueTimeoutMs' } }),
  )
  await using client = clientOf(executor)
  expect(await failureOf(client.run({ code: 'x' }, noTools))).toMatchObject({ layer: 'queue', timeoutMs: 7 })
})

test('aborting rejects at once with an AbortError, and posts cancel', async () => {
  const controller = new AbortController()
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) reply.json(202, {})
    else controller.abort(new Error('the user left'))
  })
  await using client = clientOf(executor)
  const error = await failureOf(client.run({ code: 'x' }, { ...noTools, signal: controller.signal }))
  expect(error).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
  expect(error.message).toContain('the user left')
  const cancel = await executor.nextRequest('/cancel')
  expect(cancel.headers['x-codemode-execution-id']).toBe(executionOf(executor.requests[0]!).id)
  expect(JSON.parse(cancel.body)).toEqual({ reason: error.message })
})

test('aborting ends a delay between attempts at once', async () => {
  const controller = new AbortController()
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) return reply.json(202, {})
    return reply.error(503, 'OVERLOADED', { retryable: true }, { 'retry-after': '3600' })
  })
  // Without the abort, the delay lasts longer than the test's timeout.
  await using client = clientOf(executor, { requestTimeoutMs: 7_200_000, retry: { backoffMaxMs: 3_600_000 } })
  // The client starts the delay as soon as `onRetry` returns.
  const onRetry = () => queueMicrotask(() => controller.abort())
  const error = await failureOf(client.run({ code: 'x' }, { ...noTools, onRetry, signal: controller.signal }))
  expect(error).toMatchObject({ name: 'AbortError', code: 'CANCELLED' })
})

test('an already aborted signal sends nothing', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.result(1))
  await using client = clientOf(executor)
  const error = await failureOf(client.run({ code: 'x' }, { ...noTools, signal: AbortSignal.abort() }))
  expect(error).toMatchObject({ name: 'AbortError', attempts: 0, ambiguous: false })
  expect(executor.requests).toHaveLength(0)
})

test('tool calls arrive over the stream, and their answers are sent together', async () => {
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
    reply.started()
    reply.called(1, 'weather', { city: 'Oslo' })
    reply.called(2, 'weather', { city: 'Rome' })
    const { body } = await executor.nextRequest('/tool-results')
    return reply.finished(JSON.parse(body))
  })
  await using client = clientOf(executor)
  const request = { ...weather, context: { clientId: 'c1' } }
  const result = await client.run(request, {
    callTool: ({ input, context }): Promise<ToolAnswer> => Promise.resolve({ ok: true, output: { input, context } }),
  })
  const { id } = executionOf(executor.requests[0]!)
  const answer = (n: number, city: string) => ({
    callId: `${id}:${n}`,
    answer: { ok: true, output: { input: { city }, context: { clientId: 'c1' } } },
  })
  expect(executor.requests[0]!.headers['accept']).toBe('text/event-stream')
  expect(result).toMatchObject({ result: { results: [answer(1, 'Oslo'), answer(2, 'Rome')] } })
})

test('a broken stream resumes after its last event, and no call is answered twice', async () => {
  let calls = 0
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
    if (request.method === 'POST') {
      reply.started()
      reply.called(1, 'weather', {})
      await executor.nextRequest('/tool-results')
      return reply.destroy()
    }
    reply.called(1, 'weather', {})
    return reply.finished(calls, 3)
  })
  await using client = clientOf(executor)
  const result = await client.run(weather, {
    callTool: () => {
      calls += 1
      return Promise.resolve({ ok: true, output: null })
    },
  })
  expect(result).toMatchObject({ result: 1 })
  expect((await executor.nextRequest('/events')).headers['last-event-id']).toBe('2')
})

test('answers that could not be sent are sent again', async () => {
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/tool-results')) {
      return executor.requestsTo('/tool-results').length === 1 ? reply.destroy() : reply.json(200, { accepted: [] })
    }
    reply.called(1, 'weather', {})
    await executor.nextRequest('/tool-results', 2)
    return reply.finished('done')
  })
  await using client = clientOf(executor)
  const options = { callTool: () => Promise.resolve<ToolAnswer>({ ok: true, output: 1 }) }
  expect(await client.run(weather, options)).toMatchObject({ result: 'done' })
})

test('a call that is settled elsewhere, and the end of the execution, abort running handlers', async () => {
  const reasons: string[] = []
  const started = Promise.withResolvers<void>()
  await using executor = await FakeExecutor.start(async (request, reply) => {
    const { id } = executionOf(request)
    reply.called(1, 'weather', {})
    reply.called(2, 'weather', {})
    await started.promise
    reply.event({ type: 'tool.settled', callId: `${id}:1`, tool: 'weather', status: 'cancelled' })
    reply.finished('over')
  })
  await using client = clientOf(executor)
  await client.run(weather, {
    callTool: ({ callId }, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => reasons.push(`${callId.split(':')[1]} ${String(signal.reason.message)}`))
        if (callId.endsWith(':2')) started.resolve()
      }),
  })
  expect(reasons).toEqual(['1 The call was settled without this answer', '2 The execution has ended'])
  expect(executor.requestsTo('/tool-results')).toHaveLength(0)
})

test('the client also refuses a call of a tool that the request does not declare', async () => {
  await using executor = await FakeExecutor.start(async (request, reply) => {
    if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
    reply.called(1, 'bank', {})
    return reply.finished(JSON.parse((await executor.nextRequest('/tool-results')).body))
  })
  await using client = clientOf(executor)
  const result = await client.run(weather, noTools)
  expect(result).toMatchObject({
    result: { results: [{ answer: { ok: false, error: { code: 'TOOL_NOT_ALLOWED' } } }] },
  })
})

test('a permanently empty stream is given up as ambiguous', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'POST') reply.started()
    else reply.write('')
    reply.destroy()
  })
  await using client = clientOf(executor)
  expect(await failureOf(client.run(weather, noTools))).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
})

test('an execution that is gone when its stream resumes has an ambiguous outcome', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'GET') return reply.error(404, 'NOT_FOUND')
    reply.started()
    return setImmediate(() => reply.destroy())
  })
  await using client = clientOf(executor)
  expect(await failureOf(client.run(weather, noTools))).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
})

test.each([
  ['whose answers are refused', 'POST'],
  ['whose stream cannot resume', 'GET'],
])('an accepted execution %s has an ambiguous outcome', async (_what, refused) => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path !== '/v1/executions') return reply.error(503, 'SHUTTING_DOWN', { retryable: true })
    if (refused === 'POST') return reply.called(1, 'weather', {})
    reply.started()
    return setImmediate(() => reply.destroy())
  })
  await using client = clientOf(executor)
  const failure = await failureOf(client.run(weather, { callTool: async () => ({ ok: true, output: 1 }) }))
  expect(failure).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', ambiguous: true })
})

test('with canGoElsewhere a refusal is not retried, and an attempt that may have arrived is', async () => {
  const elsewhere = { ...noTools, canGoElsewhere: true }
  await using busy = await FakeExecutor.start((_, reply) => reply.error(503, 'OVERLOADED', { retryable: true }))
  await using client = clientOf(busy)
  expect(await failureOf(client.run({ code: 'x' }, elsewhere))).toMatchObject({ code: 'OVERLOADED', attempts: 1 })
  let tries = 0
  await using flaky = await FakeExecutor.start((_, reply) => ((tries += 1) === 1 ? reply.destroy() : reply.result(1)))
  await using other = clientOf(flaky)
  expect(await other.run({ code: 'x' }, elsewhere)).toMatchObject({ success: true, result: 1 })
})

test('the record of the execution replaces missing events', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/events')) return reply.error(404, 'NOT_FOUND')
    if (request.method === 'GET') {
      const failed = failedResultOf(request.path.split('/').at(-1)!, 'GUEST_ERROR')
      return reply.json(200, { ...failed, status: 'failed', createdAt: new Date().toISOString() })
    }
    reply.started()
    return setImmediate(() => reply.destroy())
  })
  await using client = clientOf(executor)
  expect(await client.run(weather, noTools)).toMatchObject({ success: false, error: { code: 'GUEST_ERROR' } })
})

test('events of unknown types are skipped', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.started()
    reply.write('id: 2\nevent: tool.progress\ndata: {"type":"tool.progress"}\n\n')
    reply.finished('fine', 3)
  })
  await using client = clientOf(executor)
  expect(await client.run(weather, noTools)).toMatchObject({ result: 'fine' })
})

test('with a callback in the request, events of the stream call no tools in the client', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.called(1, 'weather', {})
    reply.finished('fine')
  })
  await using client = clientOf(executor)
  const seen: string[] = []
  const request = { ...weather, callback: { url: 'http://127.0.0.1:9/', token: 't'.repeat(16) } }
  await client.run(request, { ...noTools, onEvent: ({ type }) => seen.push(type) })
  expect(seen).toEqual(['tool.called', 'finished'])
})

test('a hundred runs are in flight at once', async () => {
  await using executor = await FakeExecutor.start(async (_, reply) => {
    await executor.nextRequest('/v1/executions', 100)
    reply.result(1)
  })
  await using client = clientOf(executor)
  const results = await Promise.all(Array.from({ length: 100 }, () => client.run({ code: 'x' }, noTools)))
  expect(results.every(({ success }) => success)).toBe(true)
})

test('disposing cancels running executions, waits for that, and closes the connections', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) reply.json(202, {})
  })
  const client = clientOf(executor)
  const run = failureOf(client.run({ code: 'x' }, noTools))
  await executor.nextRequest('/v1/executions')
  // The time after which closing leaves without an answer does not pass.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  await client[Symbol.asyncDispose]()
  expect((await run).message).toContain('the client was closed')
  expect(executor.requestsTo('/cancel')).toHaveLength(1)
})

test('health is the answer of the executor, and false without an answer', async () => {
  await using executor = await FakeExecutor.start(({ path }, reply) => reply.json(path === '/livez' ? 200 : 503, {}))
  await using client = clientOf(executor)
  expect(await client.isLive()).toBe(true)
  expect(await client.isReady()).toBe(false)
  await using unreached = clientOf({ url: 'http://127.0.0.1:1' })
  expect(await unreached.isLive()).toBe(false)
})

test(
  'the client refuses an event with a known call id and another input, and runs no handler',
  { tags: ['TL-6'] },
  async () => {
    await using executor = await FakeExecutor.start(async (request, reply) => {
      if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
      reply.called(1, 'weather', { city: 'Oslo' })
      await executor.nextRequest('/tool-results')
      reply.called(1, 'weather', { city: 'Oslo' })
      reply.called(1, 'weather', { city: 'Rome' })
      await executor.nextRequest('/tool-results', 2)
      return reply.finished(1)
    })
    await using client = clientOf(executor)
    const inputs: unknown[] = []
    const conflicts: string[] = []
    await client.run(weather, {
      callTool: async ({ input }) => {
        inputs.push(input)
        return { ok: true, output: 'sun' }
      },
      onCallConflict: ({ callId }, reason) => conflicts.push(`${callId} ${reason}`),
    })
    expect(inputs).toEqual([{ city: 'Oslo' }])
    const answers = executor.requestsTo('/tool-results').map(({ body }) => JSON.parse(body) as ToolResultsRequest)
    expect(answers.map(({ results }) => results.map(({ answer }) => answer))).toEqual([
      [{ ok: true, output: 'sun' }],
      [{ ok: false, error: expect.objectContaining({ code: 'TOOL_CALL_CONFLICT', retryable: false }) }],
    ])
    expect(conflicts).toEqual([expect.stringContaining('was refused')])
  },
)

test(
  'streams of one execution share the answers of its calls, and refuse a known call id with another input',
  { tags: ['TL-6'] },
  async () => {
    const cities = ['Oslo', 'Oslo', 'Rome']
    await using executor = await FakeExecutor.start(async (request, reply) => {
      if (request.path.endsWith('/tool-results')) return reply.json(200, { accepted: [] })
      const stream = executor.requestsTo('/v1/executions').length
      reply.called(1, 'weather', { city: cities[stream - 1] })
      await executor.nextRequest('/tool-results', stream)
      return reply.finished(1)
    })
    await using client = clientOf(executor)
    const inputs: unknown[] = []
    const callTool = async ({ input }: { input: unknown }): Promise<ToolAnswer> => {
      inputs.push(input)
      return { ok: true, output: 'sun' }
    }
    const id = newExecutionId()
    for (const _ of cities) await client.run({ ...weather, id }, { callTool })
    expect(inputs).toEqual([{ city: 'Oslo' }])
    const answers = executor.requestsTo('/tool-results').map(({ body }) => JSON.parse(body) as ToolResultsRequest)
    expect(answers.map(({ results }) => results[0]?.answer)).toEqual([
      { ok: true, output: 'sun' },
      { ok: true, output: 'sun' },
      { ok: false, error: expect.objectContaining({ code: 'TOOL_CALL_CONFLICT' }) },
    ])
  },
)
