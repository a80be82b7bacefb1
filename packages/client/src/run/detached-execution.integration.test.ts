import { newExecutionId } from '@codemode/shared'
import { expect, onTestFinished, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { ClientConfig } from '../config/schema.ts'
import { executionOf, FakeExecutor, type FakeRequest } from '../testing/fake-executor.ts'
import { resultOf, type FakeReply } from '../testing/fake-reply.ts'

const detached = true
const ended = { status: 'completed', success: true, result: 7, finishedAt: '2030-01-01T00:00:05.000Z' }

const codemodeOf = ({ url }: { readonly url: string }, config: Partial<ClientConfig> = {}) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 }, ...config })

const idOf = ({ path }: FakeRequest): string => /exe_[^/?]+/.exec(path)![0]

/** Resolves with the error of a promise that rejects. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

function accept(request: FakeRequest, reply: FakeReply): void {
  const { id: executionId } = executionOf(request)
  reply.json(202, { executionId, status: 'queued', correlationId: request.headers['x-correlation-id'] })
}

function recordOf(executionId: string, more: object = {}): object {
  const { success: _, result: __, ...fields } = resultOf(executionId, 1) as { success: true; result: unknown }
  return { ...fields, status: 'running', createdAt: '2030-01-01T00:00:00.000Z', ...more }
}

/** Starts an executor that accepts submissions, and answers other requests as the test decides. */
function startExecutor(answer: (request: FakeRequest, reply: FakeReply, nth: number) => unknown) {
  let others = 0
  return FakeExecutor.start((request, reply) => {
    if (request.method === 'POST' && request.path === '/v1/executions') return accept(request, reply)
    return answer(request, reply, (others += 1))
  })
}

test('a submission sends the options of a detached execution, and nothing more after its acceptance', async () => {
  await using executor = await startExecutor(() => expect.unreachable())
  await using codemode = codemodeOf(executor)
  const id = newExecutionId()
  const options = { detached, id, expiresAfterMs: 60_000, label: 'l', input: 1, executionTimeoutMs: 3_600_000 }
  const execution = await codemode.withContext({ user: 'u1' }).submit('x', options)
  expect(execution).toMatchObject({ id, label: 'l', status: 'queued' })
  expect(execution.progress).toEqual({ toolCalls: 0, toolCallsSettled: 0, logs: 0 })
  const [request] = executor.requests
  expect(executionOf(request!)).toEqual({
    id,
    code: 'x',
    input: 1,
    context: { user: 'u1' },
    label: 'l',
    limits: { executionTimeoutMs: 3_600_000 },
    detached: true,
    expiresAfterMs: 60_000,
  })
  expect(request!.headers).toMatchObject({ 'idempotency-key': id, 'x-codemode-execution-id': id })
  expect(request!.headers).not.toHaveProperty('x-codemode-known')
  expect(codemode.activeExecutions()).toEqual([])
  expect(executor.requests).toHaveLength(1)
})

test('a submission whose outcome is unknown is sent again with the same body, on any node', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    executor.instance = String(executor.requests.length).repeat(32)
    if (executor.requests.length === 1) return reply.destroy()
    if (executor.requests.length === 2) return reply.json(502, '<h1>bad gateway</h1>', { 'content-type': 'text/html' })
    if (executor.requests.length === 3) return reply.error(503, 'OVERLOADED', { retryable: true })
    return accept(request, reply)
  })
  await using codemode = codemodeOf(executor)
  const retries: number[] = []
  codemode.on('retry', ({ attempt }) => retries.push(attempt))
  const execution = await codemode.submit('x', { detached })
  expect(executor.requests).toHaveLength(4)
  expect(new Set(executor.requests.map(({ body }) => body)).size).toBe(1)
  expect(executionOf(executor.requests[0]!).id).toBe(execution.id)
  expect(retries).toEqual([1, 2, 3])
})

test('a submission that stays unknown rejects with the id to submit again', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.destroy())
  await using codemode = codemodeOf(executor, { retry: { maxAttempts: 2, backoffBaseMs: 1 } })
  const id = newExecutionId()
  await expect(codemode.submit('x', { detached, id })).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    ambiguous: true,
    attempts: 2,
    executionId: id,
    suggestion: expect.stringContaining(`id: '${id}'`) as string,
  })
})

test('a refused submission is no unknown one', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.error(409, 'IDEMPOTENCY_CONFLICT'))
  await using codemode = codemodeOf(executor)
  const rejected = { code: 'IDEMPOTENCY_CONFLICT', ambiguous: false, suggestion: undefined }
  await expect(codemode.submit('x', { detached })).rejects.toMatchObject(rejected)
})

test('a signal ends the submission, and not an accepted execution', async () => {
  const held = Promise.withResolvers<void>()
  await using executor = await FakeExecutor.start((request, reply) => {
    if (executor.requests.length === 1) return accept(request, reply)
    return held.resolve()
  })
  await using codemode = codemodeOf(executor)
  const controller = new AbortController()
  const { signal } = controller
  await codemode.submit('x', { detached, signal })
  const second = codemode.submit('x', { detached, signal })
  await held.promise
  controller.abort(new Error('enough'))
  await expect(second).rejects.toMatchObject({ name: 'AbortError', ambiguous: true, message: /enough/ })
  expect(executor.requestsTo('/cancel')).toHaveLength(0)
})

test('a submission has a timeout of its own, whatever the execution may take', async () => {
  await using executor = await FakeExecutor.start(() => {})
  await using codemode = codemodeOf(executor, { requestTimeoutMs: 50 })
  const submitted = codemode.submit('x', { detached, executionTimeoutMs: 3_600_000 })
  await expect(submitted).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', timeoutMs: 50, ambiguous: true })
})

test('wait resumes broken streams after the last event', async () => {
  await using executor = await startExecutor((request, reply, nth) => {
    if (request.path.endsWith(idOf(request))) return reply.json(200, recordOf(idOf(request)))
    if (nth === 1) reply.started()
    if (nth === 2) reply.event({ type: 'log', level: 'log', text: 'hello' }, 2)
    if (nth === 3) return reply.finished(42, 3)
    return setImmediate(() => reply.destroy())
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { detached })
  expect(await execution.wait()).toMatchObject({ success: true, result: 42 })
  const resumed = executor.requestsTo('/events').map(({ headers }) => headers['last-event-id'])
  expect(resumed).toEqual([undefined, '1', '2'])
  expect(execution).toMatchObject({ status: 'completed', progress: { logs: 1 } })
})

test('giving up the last wait closes its stream, and the next wait resumes after the last event', async () => {
  const closed = Promise.withResolvers<void>()
  let isClosed = false
  await using executor = await startExecutor((_, reply, nth) => {
    if (nth === 1) return reply.started()
    if (nth === 3) return reply.finished(1, 2)
    reply.onClose(() => {
      isClosed = true
      closed.resolve()
    })
    return reply.event({ type: 'waiting', openCalls: [] }, 2)
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { detached })
  for await (const { type } of execution.events()) if (type === 'started') break
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const short = errorOf(execution.wait({ timeoutMs: 10_000 }))
  const long = errorOf(execution.wait({ timeoutMs: 20_000 }))
  await executor.nextRequest('/events', 2)
  vi.advanceTimersByTime(10_000)
  expect(await short).toMatchObject({ code: 'WAIT_TIMEOUT' })
  expect(isClosed).toBe(false)
  vi.advanceTimersByTime(10_000)
  expect(await long).toMatchObject({ code: 'WAIT_TIMEOUT' })
  await closed.promise
  vi.useRealTimers()
  expect(executor.requestsTo('/events')).toHaveLength(2)
  expect(await execution.wait()).toMatchObject({ result: 1 })
})

test('a wait that fails can be repeated', async () => {
  let isUp = false
  await using executor = await startExecutor((_, reply) => (isUp ? reply.finished(1) : reply.error(404, 'NOT_FOUND')))
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { detached })
  await expect(execution.wait()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  isUp = true
  expect(await execution.wait()).toMatchObject({ result: 1 })
})

test('an execution that is found shows its record, and an ended one is not followed', async () => {
  const id = newExecutionId()
  const calls = [{ callId: `${id}:1`, tool: 't', status: 'running', durationMs: 1 }]
  await using executor = await FakeExecutor.start((request, reply) => {
    const more = executor.requests.length === 1 ? { status: 'needs_attention', label: 'l', toolCalls: calls } : ended
    reply.json(200, recordOf(idOf(request), more))
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.getExecution(id)
  expect(execution).toMatchObject({ id, status: 'needs_attention', label: 'l', correlationId: 'c'.repeat(16) })
  expect(execution.progress).toEqual({ toolCalls: 1, toolCallsSettled: 0, logs: 0 })
  expect(execution.result).toBe(undefined)
  expect(await execution.record()).toMatchObject({ result: 7 })
  expect(execution.status).toBe('completed')
  expect(execution.times).toEqual({
    createdAt: '2030-01-01T00:00:00.000Z',
    startedAt: undefined,
    finishedAt: ended.finishedAt,
  })
  const result = { success: true, result: 7, source: 'executor' }
  expect(execution.result).toMatchObject(result)
  expect(await execution.wait()).toMatchObject(result)
  expect((await codemode.getExecution(id)).result).toMatchObject(result)
  expect(executor.requests).toHaveLength(3)
})

test('a submission that finds an ended execution reads its result from the record', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'GET') return reply.json(200, recordOf(idOf(request), { ...ended, result: 3 }))
    const { id: executionId } = executionOf(request)
    return reply.json(202, { executionId, status: 'completed', correlationId: 'c'.repeat(16) })
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { detached })
  expect(execution.result).toBe(undefined)
  expect(await execution.wait()).toMatchObject({ success: true, result: 3 })
  expect(execution.result).toMatchObject({ success: true, result: 3 })
  expect(executor.requestsTo('/events')).toHaveLength(0)
})

test('a key of the application stands for one execution, in every process', async () => {
  await using executor = await startExecutor((request, reply) => reply.json(200, recordOf(idOf(request))))
  const idempotencyKey = 'order 4711'
  const ids = await Promise.all(
    [1, 2].map(async () => {
      await using codemode = codemodeOf(executor)
      const { id } = await codemode.submit('x', { detached, idempotencyKey })
      expect(await codemode.getExecution({ idempotencyKey })).toMatchObject({ id, status: 'running' })
      return id
    }),
  )
  const id = 'exe_326b6f65-e1b3-87b8-9818-d0fa0d99bc90'
  expect(ids).toEqual([id, id])
  await using codemode = codemodeOf(executor)
  expect((await codemode.submit('x', { detached, idempotencyKey: 'order 4712' })).id).not.toBe(id)
})

test('a signal ends the reading of events at once, and closes the stream', async () => {
  const closed = Promise.withResolvers<void>()
  await using executor = await startExecutor((_, reply) => {
    reply.onClose(closed.resolve)
    reply.started()
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { detached })
  const controller = new AbortController()
  const events = execution.events({ signal: controller.signal })[Symbol.asyncIterator]()
  expect(await events.next()).toMatchObject({ value: { type: 'started' } })
  const next = events.next()
  controller.abort(new Error('the reader is gone'))
  await expect(next).rejects.toMatchObject({
    name: 'AbortError',
    executionId: execution.id,
    message: 'The request was aborted: the reader is gone',
  })
  await closed.promise
  expect(await events.next()).toEqual({ done: true, value: undefined })
  const { signal } = controller
  await expect(execution.events({ signal })[Symbol.asyncIterator]().next()).rejects.toThrow('the reader is gone')
  expect(executor.requestsTo('/cancel')).toHaveLength(0)
})

test('a retry names its new id in every attempt, so that it stores one execution', async () => {
  await using executor = await startExecutor((request, reply) => {
    if (request.path.endsWith('/journal')) return reply.json(200, { header: { tools: [] }, executionId: 'e' })
    if (executor.requestsTo('/retry').length < 3) return reply.destroy()
    const { id: executionId } = JSON.parse(request.body) as { id: string }
    return reply.json(201, { executionId, status: 'queued', correlationId: 'c'.repeat(16) })
  })
  await using codemode = codemodeOf(executor)
  const first = await codemode.submit('x', { detached, label: 'l' })
  const second = await first.retry()
  expect(second).toMatchObject({ status: 'queued', label: 'l', correlationId: 'c'.repeat(16) })
  const bodies = executor.requestsTo('/retry').map(({ body }) => body)
  expect(bodies).toHaveLength(3)
  expect(new Set(bodies)).toEqual(new Set([JSON.stringify({ id: second.id })]))
})

test('closing the client ends a submission with a clear error', async () => {
  const held = Promise.withResolvers<void>()
  await using executor = await FakeExecutor.start(() => held.resolve())
  const codemode = codemodeOf(executor)
  const error = errorOf(codemode.submit('x', { detached }))
  await held.promise
  await codemode.close()
  expect(await error).toMatchObject({ code: 'CLIENT_CLOSED', ambiguous: true })
})
