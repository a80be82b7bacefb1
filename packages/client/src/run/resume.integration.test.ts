import { newExecutionId, type ToolAnswer } from '@codemode/shared'
import { expect, onTestFinished, test, vi } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { ClientConfig } from '../config/schema.ts'
import { pendingApproval } from '../testing/fake-approval.ts'
import { FakeExecutor, type FakeRequest } from '../testing/fake-executor.ts'
import { resultOf, type FakeReply } from '../testing/fake-reply.ts'
import { tool } from '../tools/define.ts'

const id = newExecutionId()
const correlationId = 'c'.repeat(16)

const codemodeOf = ({ url }: { readonly url: string }, config: Partial<ClientConfig> = {}) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 }, ...config })

/** Event of a call that waits for a client that resumes the execution. */
const called = (n: number, tool: string, input: object = {}, more: object = {}) =>
  ({ type: 'tool.called', callId: `${id}:${n}`, tool, input: input as never, ...more }) as const

/** Execution of a fake executor: the statuses of its calls, and the answers that it has accepted. */
function fakeExecution() {
  const calls = new Map<number, { tool: string; status: string }>()
  const answers: ToolAnswer[] = []
  const answered = Promise.withResolvers<void>()
  const streams: FakeReply[] = []
  const opened = Promise.withResolvers<void>()
  return {
    calls,
    answers,
    answered: answered.promise,
    opened: opened.promise,
    streams,
    serve: ({ path, body }: FakeRequest, reply: FakeReply, events: (reply: FakeReply) => unknown) => {
      if (path.endsWith('/journal'))
        return reply.json(200, {
          header: { tools: [{ name: 'pay' }, { name: '$list' }], context: JSON.stringify({ clientId: 'c1' }) },
        })
      if (path.endsWith('/tool-results')) {
        const { results } = JSON.parse(body) as { results: { callId: string; answer: ToolAnswer }[] }
        answers.push(...results.map(({ answer }) => answer))
        reply.json(200, { accepted: results.map(({ callId }) => callId) })
        return answered.resolve()
      }
      if (path.includes('/events')) {
        streams.push(reply)
        opened.resolve()
        return events(reply)
      }
      const { success: _, result: __, ...fields } = resultOf(id, 1) as { success: true; result: unknown }
      const toolCalls = Array.from(calls, ([n, call]) => ({ callId: `${id}:${n}`, ...call, durationMs: 1 }))
      return reply.json(200, { ...fields, toolCalls, status: 'waiting', createdAt: '2030-01-01T00:00:00.000Z' })
    },
  }
}

test('code of a resumed execution discovers the tools that the execution may call, and no others', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: '$list', status: 'running' })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, '$list'))
      return execution.answered.then(() => stream.finished('done'))
    }),
  )
  await using codemode = codemodeOf(executor, { tools: { pay: () => 1, other: () => 2 } })
  await codemode.resume(id)
  expect(execution.answers).toEqual([{ ok: true, output: ['pay'] }])
})

test('a client that resumes an execution serves the calls that are open, and waits for the result', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'completed' }).set(2, { tool: 'pay', status: 'running' })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      // The first call was made over the client that started the execution.
      stream.event(called(1, 'pay', { amount: 1 }, { deadline: new Date(Date.now() + 60_000).toISOString() }))
      stream.event({ type: 'tool.settled', callId: `${id}:1`, tool: 'pay', status: 'completed' })
      stream.event(called(2, 'pay', { amount: 2 }))
      return execution.answered.then(() => stream.finished('done'))
    }),
  )
  const served: unknown[] = []
  const pay = tool({
    execute: (input: unknown, { callId, context }) => {
      served.push({ input, callId, context })
      return 'paid'
    },
  })
  await using codemode = codemodeOf(executor, { tools: { pay } })
  expect(await codemode.resume(id)).toMatchObject({ success: true, result: 'done' })
  expect(served).toEqual([{ input: { amount: 2 }, callId: `${id}:2`, context: { clientId: 'c1' } }])
  expect(execution.answers).toEqual([{ ok: true, output: 'paid' }])
  expect(executor.requestsTo('?serve=1')).toHaveLength(1)
  expect(executor.requestsTo('/cancel')).toEqual([])
})

test('an approved call runs with its edited input, and not as it was first made', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' })
  const { status: _, executionId: __, ...requested } = pendingApproval(id, 1, 'pay', { amount: 9 })
  const { inputHash } = pendingApproval(id, 1, 'pay', { amount: 4 })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay', { amount: 9 }))
      stream.event({ type: 'approval.requested', ...requested })
      stream.event({ type: 'approval.decided', callId: `${id}:1`, tool: 'pay', decision: 'approve', by: 'ada' })
      stream.event(called(1, 'pay', { amount: 4 }, { approval: { inputHash, decidedBy: 'ada' } }))
      return execution.answered.then(() => stream.finished('done'))
    }),
  )
  const paid: unknown[] = []
  const pay = tool({ requiresApproval: () => true, execute: (input: unknown) => paid.push(input) })
  await using codemode = codemodeOf(executor, { tools: { pay } })
  expect(await codemode.resume(id)).toMatchObject({ result: 'done' })
  expect(paid).toEqual([{ amount: 4 }])
})

test('a call that needs an approval is answered so, announced, and runs when it comes again', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' })
  const { status: _, executionId: __, ...requested } = pendingApproval(id, 1, 'pay', { amount: 9 })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, async (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay', { amount: 9 }))
      await execution.answered
      stream.event({ type: 'approval.requested', ...requested, reason: 'large' })
      await executor.nextRequest('/tool-results', 1)
      stream.event({ type: 'approval.decided', callId: `${id}:1`, tool: 'pay', decision: 'approve', by: 'ada' })
      stream.event(called(1, 'pay', { amount: 9 }, { approval: { inputHash: requested.inputHash, decidedBy: 'ada' } }))
      await executor.nextRequest('/tool-results', 2)
      stream.finished('done')
    }),
  )
  const announced: unknown[] = []
  const pay = tool({ requiresApproval: () => ({ reason: 'large' }), execute: () => 'paid' })
  await using codemode = codemodeOf(executor, { tools: { pay } })
  codemode.on('approval', ({ approval }) => announced.push(approval))
  expect(await codemode.resume(id)).toMatchObject({ result: 'done' })
  expect(execution.answers).toEqual([
    { approvalRequired: true, reason: 'large' },
    { ok: true, output: 'paid' },
  ])
  expect(announced).toMatchObject([{ callId: `${id}:1`, status: 'pending', reason: 'large', executionId: id }])
})

test('a client watches while another one serves, and takes over when that ends', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' })
  let attempts = 0
  await using executor = await FakeExecutor.start((request, reply) => {
    const isServing = request.path.endsWith('?serve=1')
    if (isServing && (attempts += 1) === 1) return reply.error(409, 'EXECUTION_SERVED', { retryable: true })
    return execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay'))
      return isServing ? execution.answered.then(() => stream.finished('done')) : undefined
    })
  })
  const served: string[] = []
  await using codemode = codemodeOf(executor, { tools: { pay: (_: unknown, { callId }) => served.push(callId) } })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const resumed = codemode.resume(id)
  await executor.nextRequest('/events')
  vi.advanceTimersByTime(2_000)
  expect(await resumed).toMatchObject({ result: 'done' })
  expect(served).toEqual([`${id}:1`])
  const paths = executor.requests.map(({ path }) => path.split('/').at(-1)).filter((path) => path?.startsWith('events'))
  expect(paths).toEqual(['events?serve=1', 'events', 'events?serve=1'])
})

test.each([
  ['its signal aborts', 'CANCELLED'],
  ['its time is over', 'WAIT_TIMEOUT'],
  ['the client closes', 'CLIENT_CLOSED'],
])('resuming ends when %s, and the execution goes on', async (how, code) => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay'))
    }),
  )
  const aborted = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const pay = (_: unknown, { signal }: { signal: AbortSignal }) => {
    started.resolve()
    signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => {})
  }
  await using codemode = codemodeOf(executor, { tools: { pay } })
  const controller = new AbortController()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const timeoutMs = how === 'its time is over' ? { timeoutMs: 300 } : {}
  const resumed = codemode.resume(id, { signal: controller.signal, ...timeoutMs })
  await started.promise
  vi.advanceTimersByTime(300)
  if (how === 'its signal aborts') controller.abort()
  const closed = how === 'the client closes' ? codemode.close() : undefined
  await expect(resumed).rejects.toMatchObject({ code })
  await closed
  await aborted.promise
  expect(executor.requestsTo('/cancel')).toEqual([])
  expect(execution.answers).toEqual([])
})

test('a call that was aborted with its client runs again, and one that was answered does not', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' }).set(2, { tool: 'log', status: 'running' })
  const controller = new AbortController()
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay'))
      stream.event(called(2, 'log'))
      if (execution.streams.length > 1)
        void executor.nextRequest('/tool-results', 2).then(() => stream.finished('done'))
    }),
  )
  const runs: string[] = []
  const tools = {
    pay: () => (runs.push('pay') > 0 && execution.streams.length === 1 ? new Promise(() => {}) : 'paid'),
    log: () => runs.push('log'),
  }
  await using codemode = codemodeOf(executor, { tools })
  const first = codemode.resume(id, { signal: controller.signal })
  await execution.answered
  controller.abort()
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await codemode.resume(id)).toMatchObject({ result: 'done' })
  expect(runs.toSorted()).toEqual(['log', 'pay', 'pay'])
})

test('an execution that has ended has its result at once', async () => {
  await using executor = await FakeExecutor.start((_, reply) =>
    reply.json(200, { ...resultOf(id, 7), status: 'completed', createdAt: '2030-01-01T00:00:00.000Z', correlationId }),
  )
  await using codemode = codemodeOf(executor)
  expect(await codemode.resume(id)).toMatchObject({ success: true, result: 7 })
  expect(executor.requests).toHaveLength(1)
  await expect(codemode.resume('no id')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a client without the tool of a call does not answer it, and says which tool is missing', async () => {
  const execution = fakeExecution()
  execution.calls.set(1, { tool: 'pay', status: 'running' })
  await using executor = await FakeExecutor.start((request, reply) =>
    execution.serve(request, reply, (stream) => {
      stream.started(1)
      stream.event(called(1, 'pay'))
      if (execution.streams.length > 1) void execution.answered.then(() => stream.finished('done'))
    }),
  )
  await using codemode = codemodeOf(executor, { tools: { other: () => 1 } })
  await expect(codemode.resume(id)).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining(`codemode.registerTool('pay', …)`) as string,
  })
  expect(execution.answers).toEqual([])
  codemode.registerTool('pay', () => 2)
  expect(await codemode.resume(id)).toMatchObject({ result: 'done' })
})
