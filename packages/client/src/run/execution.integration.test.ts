import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { executionOf, FakeExecutor } from '../testing/fake-executor.ts'
import { failedResultOf, type FakeReply } from '../testing/fake-reply.ts'

const codemodeOf = ({ url }: FakeExecutor) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 } })

test('submit resolves on acceptance with a handle that has the current status', async () => {
  const latch = Promise.withResolvers<FakeReply>()
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.started()
    latch.resolve(reply)
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x', { correlationId: 'my-correlation-id' })
  expect(execution).toMatchObject({ status: 'running', correlationId: 'my-correlation-id' })
  expect(execution.id).toBe(executionOf(executor.requests[0]!).id)
  expect('then' in execution).toBe(false)
  const reply = await latch.promise
  reply.event({ type: 'log', level: 'log', text: 'hello' })
  reply.event({ type: 'waiting', openCalls: [] })
  await expect.poll(() => execution.status).toBe('waiting')
  reply.finished(42)
  expect(execution.result).toBe(undefined)
  const result = await execution.wait()
  expect(result).toMatchObject({ success: true, result: 42, source: 'executor' })
  expect(execution.result).toBe(result)
  expect(execution).toMatchObject({ status: 'completed', progress: { toolCalls: 0, toolCallsSettled: 0, logs: 1 } })
})

test('submit rejects when the executor refuses', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.error(400, 'INVALID_REQUEST'))
  await using codemode = codemodeOf(executor)
  await expect(codemode.submit('x')).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
})

test('a timeout of wait() rejects with WAIT_TIMEOUT and does not cancel the execution', async () => {
  const latch = Promise.withResolvers<FakeReply>()
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.started()
    latch.resolve(reply)
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x')
  await expect(execution.wait({ timeoutMs: 5 })).rejects.toMatchObject({
    name: 'ExecutorTimeoutError',
    code: 'WAIT_TIMEOUT',
    layer: 'wait',
    timeoutMs: 5,
  })
  expect(execution.status).toBe('running')
  expect(executor.requestsTo('/cancel')).toHaveLength(0)
  ;(await latch.promise).finished(1)
  expect(await execution.wait({ timeoutMs: 10_000 })).toMatchObject({ result: 1 })
})

test('cancel asks the executor, which decides the ending', async () => {
  let stream: FakeReply | undefined
  await using executor = await FakeExecutor.start((request, reply) => {
    if (!request.path.endsWith('/cancel')) {
      stream = reply
      return reply.started()
    }
    const id = request.path.split('/').at(-2)!
    stream?.event({ type: 'finished', result: failedResultOf(id, 'CANCELLED') })
    return reply.json(202, {})
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x')
  await execution.cancel('changed my mind')
  expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  expect(execution.status).toBe('cancelled')
  expect(JSON.parse(executor.requestsTo('/cancel')[0]!.body)).toEqual({ reason: 'changed my mind' })
  await execution.cancel()
  expect(executor.requestsTo('/cancel')).toHaveLength(1)
})

test('an execution that is cancelled before the executor knows it is not sent again', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/cancel')) return reply.error(404, 'NOT_FOUND')
    if (executor.requestsTo('/executions').length > 1) return reply.finished(1)
    return reply.error(503, 'OVERLOADED', { retryable: true })
  })
  // Time enough for the cancellation, on any machine.
  const retry = { backoffBaseMs: 30_000, backoffMaxMs: 30_000 }
  await using codemode = Codemode.fromClientConfig({ executorUrl: executor.url, executorApiKey: 'k', retry })
  const refused = new Promise((resolve) => codemode.on('retry', resolve))
  const result = codemode.run('x')
  await refused
  await codemode.activeExecutions()[0]!.cancel('changed my mind')
  expect(await result).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
  expect(executor.requestsTo('/executions')).toHaveLength(1)
})

test('an execution without a waiting caller is not an unhandled rejection', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'GET') return reply.error(404, 'NOT_FOUND')
    reply.started()
    return setImmediate(() => reply.destroy())
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x')
  await expect.poll(() => execution.status).toBe('failed')
  await expect(execution.wait()).rejects.toMatchObject({ code: 'OUTCOME_AMBIGUOUS' })
})

test('retry submits the same code with the same options under a new id', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.started()
    reply.finished(1)
  })
  await using codemode = codemodeOf(executor)
  const first = await codemode.withContext({ clientId: 'c1' }).submit('x', { label: 'l' })
  const second = await first.retry()
  await second.wait()
  const [one, two] = executor.requests.map(executionOf)
  expect(two).toEqual({ ...one, id: second.id })
  expect(second.id).not.toBe(first.id)
})

test('retry submits the original options, even if the object has changed since', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    reply.started()
    reply.finished(1)
  })
  await using codemode = codemodeOf(executor)
  const options = { input: { n: 1 }, label: 'l' }
  const first = await codemode.submit('x', options)
  options.input.n = 2
  options.label = 'other'
  await (await first.retry()).wait()
  expect(executor.requests.map(executionOf)[1]).toMatchObject({ input: { n: 1 }, label: 'l' })
})

test('events come from the executor, from the event after the given one to the end', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'POST') reply.started()
    else reply.event({ type: 'log', level: 'log', text: 'hello' }, 2)
    reply.finished(1, 3)
  })
  await using codemode = codemodeOf(executor)
  const execution = await codemode.submit('x')
  const types: string[] = []
  for await (const { type } of execution.events({ after: '1' })) types.push(type)
  expect(types).toEqual(['log', 'finished'])
  expect(executor.requestsTo('/events')[0]?.headers['last-event-id']).toBe('1')
})
