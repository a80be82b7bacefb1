import { newExecutionId, type Approval } from '@codemode/shared'
import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { pendingApproval } from '../testing/fake-approval.ts'
import { FakeExecutor } from '../testing/fake-executor.ts'
import { resultOf } from '../testing/fake-reply.ts'

const codemodeOf = ({ url }: { readonly url: string }) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 } })

const id = newExecutionId()
const approval = pendingApproval(id, 1, 'pay', { amount: 5 })
const decided: Approval = {
  ...approval,
  status: 'rejected',
  decision: { decision: 'reject', by: 'ada', keyId: 'key_1', at: '2030-01-02T00:00:00.000Z', reason: 'no' },
}

test('approvals are listed in pages that are read when they are needed', async () => {
  await using executor = await FakeExecutor.start(({ path }, reply) => {
    const n = Number(new URL(path, 'http://x').searchParams.get('cursor') ?? 0)
    return reply.json(200, { items: [{ ...approval, callId: `${id}:${n + 1}` }], nextCursor: String(n + 1) })
  })
  await using codemode = codemodeOf(executor)
  const seen: string[] = []
  for await (const { callId } of codemode.listApprovals({ status: 'pending', executionId: id, pageSize: 1 })) {
    if (seen.push(callId) === 2) break
  }
  expect(seen).toEqual([`${id}:1`, `${id}:2`])
  const query = `status=pending&executionId=${id}&limit=1`
  expect(executor.requests.map(({ path }) => path)).toEqual([
    `/v1/approvals?${query}`,
    `/v1/approvals?${query}&cursor=1`,
  ])
  expect(() => codemode.listApprovals({ status: 'open' } as never)).toThrow(ConfigurationError)
})

test('a decision names the call and the hash of its input, and is sent again after a lost response', async () => {
  await using executor = await FakeExecutor.start((_, reply) => {
    if (executor.requests.length === 1) return reply.destroy()
    return reply.json(200, { ...approval, status: 'approved' })
  })
  await using codemode = codemodeOf(executor)
  const after = await codemode.decide(approval, { approve: true, input: { amount: 4 }, note: 'less' })
  expect(after.status).toBe('approved')
  expect(new Set(executor.requests.map(({ body }) => body))).toEqual(
    new Set([
      JSON.stringify({ decision: 'approve', input: { amount: 4 }, note: 'less', inputHash: approval.inputHash }),
    ]),
  )
  expect(executor.requests[1]!.path).toBe(`/v1/executions/${id}/approvals/${encodeURIComponent(approval.callId)}`)
})

test.each([
  [
    409,
    'APPROVAL_CONFLICT',
    { approval: decided },
    'of pay was rejected by the owner "ada" at 2030-01-02T00:00:00.000Z; the first decision counts.',
  ],
  [409, 'APPROVAL_CONFLICT', { approval: { ...approval, inputHash: '0'.repeat(64) } }, 'it is APPROVAL_CONFLICT'],
  [403, 'FORBIDDEN', undefined, 'it is FORBIDDEN'],
  [400, 'INVALID_REQUEST', { approval }, 'it is INVALID_REQUEST'],
] as const)('a decision that is refused with %i %s says so, with the state of the approval', async (...refusal) => {
  const [status, code, details, message] = refusal
  await using executor = await FakeExecutor.start((_, reply) => reply.error(status, code, { details }))
  await using codemode = codemodeOf(executor)
  await expect(codemode.decide(approval, { approve: true })).rejects.toMatchObject({
    code,
    httpStatus: status,
    executionId: id,
    message: expect.stringContaining(message) as string,
  })
  expect(executor.requests).toHaveLength(1)
})

test.each([undefined, null, {}, { ...approval, inputHash: 'x' }, id])('%j is no approval to decide', async (value) => {
  await using executor = await FakeExecutor.start(() => expect.unreachable())
  await using codemode = codemodeOf(executor)
  await expect(codemode.decide(value as never, { approve: true })).rejects.toThrow(ConfigurationError)
})

test('a deferred call is answered with an output or an error', async () => {
  await using executor = await FakeExecutor.start((_, reply) => reply.json(200, { accepted: [`${id}:1`] }))
  await using codemode = codemodeOf(executor)
  await codemode.answerToolCall(`${id}:1`, { output: undefined })
  await codemode.answerToolCall(`${id}:1`, { output: new Date(0) })
  await codemode.answerToolCall(`${id}:1`, { error: Object.assign(new Error('declined'), { code: 'DECLINED' }) })
  expect(executor.requests[0]!.path).toBe(`/v1/executions/${id}/tool-results`)
  const answers = executor.requests.map(({ body }) => (JSON.parse(body) as { results: unknown[] }).results)
  expect(answers).toMatchObject([
    [{ callId: `${id}:1`, answer: { ok: true, output: null } }],
    [{ answer: { ok: true, output: '1970-01-01T00:00:00.000Z' } }],
    [{ answer: { ok: false, error: { name: 'Error', message: 'declined', code: 'DECLINED' } } }],
  ])
})

test('an answer that is not accepted is an error with the state of the call', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'POST') return reply.json(200, { accepted: [] })
    const { success: _, result: __, ...fields } = resultOf(id, 1) as { success: true; result: unknown }
    const toolCalls = [{ callId: `${id}:1`, tool: 'pay', status: 'completed', durationMs: 1 }]
    return reply.json(200, { ...fields, toolCalls, status: 'running', createdAt: '2030-01-01T00:00:00.000Z' })
  })
  await using codemode = codemodeOf(executor)
  await expect(codemode.answerToolCall(`${id}:1`, { output: 1 })).rejects.toMatchObject({
    code: 'APPROVAL_CONFLICT',
    executionId: id,
    details: { callId: `${id}:1`, status: 'completed' },
    message: expect.stringContaining(
      'the call is completed, and its execution running; the first answer counts',
    ) as string,
  })
  await expect(codemode.answerToolCall(`${id}:2`, { output: 1 })).rejects.toThrow('has not made this call')
})

test('a repeated answer that its execution has not received yet says that it needs no action', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.method === 'POST') return reply.json(200, { accepted: [] })
    const { success: _, result: __, ...fields } = resultOf(id, 1) as { success: true; result: unknown }
    const toolCalls = [{ callId: `${id}:1`, tool: 'pay', status: 'deferred', durationMs: 1 }]
    return reply.json(200, { ...fields, toolCalls, status: 'waiting', createdAt: '2030-01-01T00:00:00.000Z' })
  })
  await using codemode = codemodeOf(executor)
  await expect(codemode.answerToolCall(`${id}:1`, { output: 1 })).rejects.toMatchObject({
    code: 'APPROVAL_CONFLICT',
    message: `The call ${id}:1 has been answered already, and its execution has not received the answer yet. The first answer counts; a repeated delivery needs no action.`,
  })
})

test.each([
  ['exe_1', { output: 1 }, "the value is 'exe_1'"],
  [5, { output: 1 }, 'the value is of type number'],
  [`${id}:1`, {}, 'must have either an output or an error'],
  [`${id}:1`, { output: 1, error: new Error('x') }, 'must have either an output or an error'],
  [`${id}:1`, { output: new Map() }, 'output is a Map'],
  [`${id}:1`, { output: 'x'.repeat(5_000_000) }, 'The output is too large to be sent'],
])('the answer to %j is refused before it is sent: %j', async (callId, answer, problem) => {
  await using executor = await FakeExecutor.start(() => expect.unreachable())
  await using codemode = codemodeOf(executor)
  const answering = async () => codemode.answerToolCall(callId as string, answer as never)
  await expect(answering()).rejects.toThrow(ConfigurationError)
  await expect(answering()).rejects.toThrow(problem)
})

test('a new callback has a token of the tool server for the tools of the execution', async () => {
  await using executor = await FakeExecutor.start(({ path }, reply) => {
    if (path.endsWith('/journal')) return reply.json(200, { header: { tools: [{ name: 'pay' }], context: '{}' } })
    if (path.endsWith('/callback')) return reply.json(200, { executionId: id })
    const { success: _, result: __, ...fields } = resultOf(id, 1) as { success: true; result: unknown }
    return reply.json(200, { ...fields, status: 'waiting', createdAt: '2030-01-01T00:00:00.000Z' })
  })
  const url = 'https://app.example/tools'
  await using codemode = Codemode.fromClientConfig({
    executorUrl: executor.url,
    executorApiKey: 'k',
    toolServer: { url, secret: 's'.repeat(32) },
    tools: { pay: () => 1 },
  })
  await (await codemode.getExecution(id)).setCallback()
  const { method, body } = executor.requests.at(-1)!
  expect(method).toBe('PUT')
  expect(JSON.parse(body)).toEqual({ url, token: expect.any(String) as string })
})
