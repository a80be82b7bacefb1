import { newSessionId } from '@codemode/shared'
import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { ClientConfig } from '../config/schema.ts'
import { executionOf, FakeExecutor, type FakeRequest } from '../testing/fake-executor.ts'
import type { FakeReply } from '../testing/fake-reply.ts'
import { sessionIn, sessionRecord } from '../testing/fake-session.ts'

const codemodeOf = ({ url }: { readonly url: string }, config: Partial<ClientConfig> = {}) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 }, ...config })

/** Starts an executor that creates sessions, and answers all other requests as the test decides. */
function startExecutor(answer: (request: FakeRequest, reply: FakeReply) => unknown) {
  return FakeExecutor.start((request, reply) => {
    if (request.method === 'GET' && request.path.startsWith('/v1/sessions/ses_')) return reply.error(404, 'NOT_FOUND')
    if (request.path !== '/v1/sessions') return answer(request, reply)
    const { id, context = {} } = JSON.parse(request.body) as { id: string; context?: Record<string, string> }
    return reply.json(201, sessionRecord(id, { context }))
  })
}

test('a session is created with the values of the view and the options', { tags: ['SE-3'] }, async () => {
  await using executor = await startExecutor(() => expect.unreachable())
  await using codemode = codemodeOf(executor, { memoryLimitMb: 64 })
  const id = newSessionId()
  const options = { id, context: { chat: 1 }, config: { units: 'm' }, label: 'l', idleTimeoutMs: 60_000 }
  const session = await codemode.withContext({ user: 'u1' }).session(options)
  expect(session).toMatchObject({ id, isNew: true })
  const [read, create] = executor.requests
  expect(read).toMatchObject({ method: 'GET', path: `/v1/sessions/${id}` })
  expect(JSON.parse(create!.body)).toEqual({ ...options, context: { user: 'u1', chat: 1 }, memoryLimitMb: 64 })
})

test('an id alone attaches to the session that the executor has', { tags: ['SE-3'] }, async () => {
  const context = { user: 'u1' }
  await using executor = await FakeExecutor.start((request, reply) =>
    reply.json(200, sessionRecord(sessionIn(request), { context })),
  )
  await using codemode = codemodeOf(executor)
  const session = await codemode.withContext(context).session({ id: newSessionId() })
  expect(session.isNew).toBe(false)
  expect(executor.requests).toHaveLength(1)
})

test(
  'each step is sent when the one before has been accepted, without what is the session’s',
  { tags: ['SE-2'] },
  async () => {
    const first = Promise.withResolvers<FakeReply>()
    await using executor = await startExecutor((request, reply) => {
      if (executionOf(request).code === 'a') return first.resolve(reply)
      reply.started()
      return reply.finished(2)
    })
    await using codemode = codemodeOf(executor, { memoryLimitMb: 64 })
    const session = await codemode.withContext({ user: 'u1' }).session()
    const adding = [session.addStep('a', { label: 'l', cpuTimeoutMs: 100 }), session.addStep('b')]
    const reply = await first.promise
    expect(executor.requestsTo('/steps')).toHaveLength(1)
    const [a, b] = await Promise.all(adding)
    expect([a?.status, b?.status]).toEqual(['queued', 'queued'])
    reply.started()
    expect(await session.waitForTask(b!.id)).toMatchObject({ result: 2 })
    expect(session.getQueueStats()).toMatchObject({ pending: 0, running: 1, completed: 1, averageMs: 2 })
    reply.finished(1)
    expect(await session.waitForTask(a!.id)).toMatchObject({ result: 1 })
    const [request] = executor.requestsTo('/steps')
    expect(request).toMatchObject({ method: 'POST', path: `/v1/sessions/${session.id}/steps` })
    expect(request!.headers['idempotency-key']).toBe(a!.id)
    expect(executionOf(request!)).toEqual({ id: a!.id, code: 'a', label: 'l', limits: { cpuTimeoutMs: 100 } })
  },
)

test('a step has the time that the steps before it may take, in addition to its own', async () => {
  const replies: FakeReply[] = []
  await using executor = await startExecutor((_, reply) => {
    replies.push(reply)
    reply.started()
  })
  await using codemode = codemodeOf(executor, { requestTimeoutMs: 60_000 })
  const session = await codemode.session()
  for (const code of ['a', 'b', 'c']) void session.addStep(code)
  await executor.nextRequest('/steps', 3)
  const seconds = executor
    .requestsTo('/steps')
    .map(({ headers }) => Math.ceil(Number(headers['x-codemode-timeout-ms']) / 60_000))
  expect(seconds).toEqual([1, 2, 3])
  for (const reply of replies) reply.finished(null)
  expect(await session.waitForAllTasks()).toHaveLength(3)
})

test('tool calls over the stream have the context of the session', { tags: ['TL-5'] }, async () => {
  await using executor = await startExecutor((request, reply) => {
    if (!request.path.endsWith('/steps')) return reply.json(200, { accepted: [] })
    reply.started()
    reply.called(1, 'whoami', {})
    return executor.nextRequest('/tool-results').then(() => reply.finished(null))
  })
  await using codemode = codemodeOf(executor)
  const tools = { whoami: (_: unknown, { context }: { context: object }) => ({ ...context }) }
  const session = await codemode.session({ context: { user: 'u1' }, tools })
  await session.run('tools.whoami({})')
  const [answer] = executor.requestsTo('/tool-results')
  expect(answer!.body).toContain('"user":"u1"')
})

test('a session that has ended is an error with the way out', { tags: ['SE-3'] }, async () => {
  const suggestion = 'Create a new session.'
  await using executor = await FakeExecutor.start((_, reply) => reply.error(410, 'SESSION_EXPIRED', { suggestion }))
  await using codemode = codemodeOf(executor)
  const expired = { code: 'SESSION_EXPIRED', retryable: false, ambiguous: false, suggestion }
  await expect(codemode.session({ id: newSessionId() })).rejects.toMatchObject(expired)
})

test('a session that its executor does not know any more has expired', { tags: ['SE-3'] }, async () => {
  await using executor = await startExecutor((_, reply) => reply.error(404, 'NOT_FOUND'))
  await using codemode = codemodeOf(executor)
  const session = await codemode.session()
  const expired = {
    code: 'SESSION_EXPIRED',
    suggestion: expect.stringContaining('Create a new session') as string,
    message: expect.stringContaining(session.id) as string,
  }
  await expect(session.run('a')).rejects.toMatchObject(expired)
  expect(await session.addStep('b', { wait: true })).toMatchObject({ error: { code: 'SESSION_EXPIRED' } })
  await expect(session.record()).rejects.toMatchObject(expired)
  await expect(session.fork()).rejects.toMatchObject(expired)
  await expect(session.reset()).rejects.toMatchObject(expired)
  await session.close()
})

test('a full session is an error with the way out', async () => {
  const suggestion = 'Reset the session.'
  await using executor = await startExecutor((_, reply) => reply.error(409, 'SESSION_FULL', { suggestion }))
  await using codemode = codemodeOf(executor)
  const session = await codemode.session()
  await expect(session.run('a')).rejects.toMatchObject({ code: 'SESSION_FULL', ambiguous: false, suggestion })
})

test('a step whose outcome is unknown is read from its record, and does not run again', async () => {
  await using executor = await startExecutor((request, reply) => {
    if (request.path.endsWith('/steps')) {
      reply.started()
      return setImmediate(() => reply.destroy())
    }
    return reply.finished(7, 2)
  })
  await using codemode = codemodeOf(executor)
  const session = await codemode.session()
  const { id } = await session.addStep('a')
  expect(await session.waitForTask(id)).toMatchObject({ result: 7 })
  expect(executor.requestsTo('/steps')).toHaveLength(1)
})

test('a fork whose response was lost is read by its id', { tags: ['SE-6'] }, async () => {
  let forks = 0
  let forkId = ''
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path === '/v1/sessions') return reply.json(201, sessionRecord(executionOf(request).id))
    if (request.method === 'GET') return reply.json(200, sessionRecord(sessionIn(request)))
    forkId = (JSON.parse(request.body) as { id: string }).id
    forks += 1
    return forks === 1 ? reply.destroy() : reply.error(409, 'IDEMPOTENCY_CONFLICT')
  })
  await using codemode = codemodeOf(executor)
  const session = await codemode.session()
  const fork = await session.fork({ atStep: 2, label: 'b' })
  expect(fork.id).toBe(forkId)
  const bodies = executor.requestsTo('/fork').map(({ body }) => JSON.parse(body) as unknown)
  expect(bodies).toEqual([
    { id: forkId, atStep: 2, label: 'b' },
    { id: forkId, atStep: 2, label: 'b' },
  ])
})

test('closing sends one request, and a client that closes cancels the steps', async () => {
  await using executor = await startExecutor((request, reply) => {
    if (request.path.endsWith('/steps')) return reply.started()
    return reply.json(200, sessionRecord('ses_x'))
  })
  const codemode = codemodeOf(executor)
  const ended = await codemode.session()
  await ended.close()
  expect(executor.requests.at(-1)).toMatchObject({ method: 'DELETE', path: `/v1/sessions/${ended.id}` })
  const session = await codemode.session()
  const steps = [await session.addStep('a'), await session.addStep('b')]
  await executor.nextRequest('/steps')
  await codemode.close()
  const results = await session.waitForAllTasks()
  expect(results).toMatchObject(steps.map(({ id: executionId }) => ({ executionId, error: { code: 'CANCELLED' } })))
  await expect(session.run('c')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
})
