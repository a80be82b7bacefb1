import { newExecutionId, type ExecutionEvent } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import type { DetachedExecutor, Executor } from '../executor.ts'
import { MockExecutor } from './mock-executor.ts'
import { withCache } from './with-cache.ts'
import { withDegradation } from './with-degradation.ts'
import { withFailover } from './with-failover.ts'
import { withFallback } from './with-fallback.ts'

const id = newExecutionId()
const unreached = () => new ExecutorConnectionError('it is down')
const lost = () => new ExecutorConnectionError('it broke', { ambiguous: true })
const notFound = () => new ExecutorClientError('NOT_FOUND', 'there is none', { httpStatus: 404 })
const idsOf = async (events: AsyncIterable<ExecutionEvent>): Promise<string[]> => {
  const seen: string[] = []
  for await (const event of events) seen.push(event.id)
  return seen
}

/** Executor that answers every request about detached executions with its name, or fails, and records the requests. */
function node(name: string) {
  const state = { error: undefined as Error | undefined, requests: [] as unknown[], breaksAfter: Infinity }
  const answer = async <Answer>(request: unknown, value: unknown): Promise<Answer> => {
    state.requests.push(request)
    if (state.error !== undefined) throw state.error
    return value as Answer
  }
  const accepted = (executionId: string) => ({ executionId, status: 'queued', correlationId: name })
  const detached: DetachedExecutor = {
    submit: (request, { canGoElsewhere }) => answer({ submit: request.id, canGoElsewhere }, accepted(request.id)),
    list: (query) => answer({ list: query }, { items: [{ executionId: name }], nextCursor: null }),
    retry: (executionId, options) => answer({ retry: executionId, as: options.id }, accepted(options.id)),
    resume: (executionId) => answer({ resume: executionId }, { success: true, result: name }),
    sendToolResults: (executionId, { results }) => answer({ results: executionId }, [results[0]?.callId]),
    setCallback: (executionId) => answer({ callback: executionId }, undefined),
    listApprovals: (query) => answer({ approvals: query }, { items: [], nextCursor: null }),
    decide: ({ callId }) => answer({ decide: callId }, { callId }),
  }
  const executor: Executor = {
    run: () => Promise.reject(unreached()),
    detached,
    record: (executionId) =>
      answer(
        { record: executionId },
        { ...accepted(executionId), toolCalls: [], logs: [], logsDropped: { entries: 0, bytes: 0 } },
      ),
    cancel: (executionId) => answer({ cancel: executionId }, undefined),
    async *events(executionId, { after = '0' } = {}) {
      await answer({ events: executionId, after }, undefined)
      for (let n = Number(after) + 1; n <= 4; n++) {
        if (n > state.breaksAfter) throw unreached()
        yield { type: 'waiting', id: String(n), at: '', executionId, openCalls: [] }
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return { state, executor, detached }
}

test.each([
  ['withCache', (inner: Executor) => withCache(inner)],
  ['withDegradation', (inner: Executor) => withDegradation(inner, { result: 'degraded' })],
  ['withFallback', (inner: Executor) => withFallback(inner, node('second').executor)],
  ['withFailover', (inner: Executor) => withFailover([inner])],
])('%s passes requests about detached executions to its executor, and their errors back', async (_, wrap) => {
  const { executor, state } = node('inner')
  await using codemode = Codemode.fromClientConfig({ executor: wrap(executor) })
  const execution = await codemode.submit('x', { detached: true, id })
  const again = await codemode.submit('x', { detached: true, id })
  expect([execution, again]).toMatchObject([
    { id, correlationId: 'inner' },
    { id, correlationId: 'inner' },
  ])
  await execution.cancel()
  await execution.record()
  const retried = await execution.retry()
  for await (const _item of codemode.listExecutions());
  await idsOf(execution.events({ after: '2' }))
  expect(state.requests).toMatchObject([
    { submit: id },
    { submit: id },
    { cancel: id },
    { record: id },
    { retry: id, as: retried.id },
    { list: { limit: 50 } },
    { events: id, after: '2' },
  ])
  state.error = unreached()
  await expect(codemode.submit('x', { detached: true })).rejects.toBe(state.error)
  await expect(codemode.getExecution(id)).rejects.toBe(state.error)
})

const nodesOf = () => [node('a'), node('b')] as const
const clientOf = (nodes: readonly { readonly executor: Executor }[]) =>
  Codemode.fromClientConfig({ executor: withFailover(nodes.map(({ executor }) => executor)) })

describe('withFailover', () => {
  test('sends each request to the next node if one is not available', async () => {
    const nodes = nodesOf()
    nodes[0].state.error = unreached()
    await using codemode = clientOf(nodes)
    const execution = await codemode.submit('x', { detached: true, id })
    expect(execution.correlationId).toBe('b')
    await execution.cancel()
    expect((await codemode.getExecution(id)).correlationId).toBe('b')
    expect((await execution.retry()).correlationId).toBe('b')
    for await (const { executionId } of codemode.listExecutions()) expect(executionId).toBe('b')
    expect(nodes[0].state.requests).toHaveLength(5)
    expect(nodes.map(({ state }) => state.requests[0])).toEqual([
      { submit: id, canGoElsewhere: true },
      { submit: id, canGoElsewhere: false },
    ])
  })

  test('stores an execution on no further node if the first may have stored it', async () => {
    const nodes = nodesOf()
    nodes[0].state.error = lost()
    await using codemode = clientOf(nodes)
    await expect(codemode.submit('x', { detached: true })).rejects.toBe(nodes[0].state.error)
    expect(nodes[1].state.requests).toEqual([])
  })

  test('passes other errors back, and the last one if no node is available', async () => {
    const nodes = nodesOf()
    await using codemode = clientOf(nodes)
    nodes[0].state.error = notFound()
    await expect(codemode.getExecution(id)).rejects.toBe(nodes[0].state.error)
    expect(nodes[1].state.requests).toEqual([])
    nodes[0].state.error = unreached()
    nodes[1].state.error = unreached()
    await expect(codemode.getExecution(id)).rejects.toBe(nodes[1].state.error)
  })

  test('goes on with the events of the next node after the last event', async () => {
    const nodes = nodesOf()
    nodes[0].state.breaksAfter = 2
    await using codemode = clientOf(nodes)
    const execution = await codemode.submit('x', { detached: true, id })
    expect(await idsOf(execution.events())).toEqual(['1', '2', '3', '4'])
    expect(nodes[1].state.requests).toEqual([{ events: id, after: '2' }])
  })
})

test('a MockExecutor has no detached executions, and says so', async () => {
  await using codemode = Codemode.fromClientConfig({ executor: new MockExecutor() })
  await expect(codemode.submit('x', { detached: true })).rejects.toThrow(/has no detached executions/)
})
