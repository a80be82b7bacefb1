import { type ExecutionRequest, type ToolAnswer } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import type { ClientConfig } from '../config/schema.ts'
import { ApprovalPendingError } from '../errors/approval-pending-error.ts'
import type { ApprovalEvent, SettleEvent } from '../insight/client-events.ts'
import { pendingApproval } from '../testing/fake-approval.ts'
import { executionOf, FakeExecutor, type FakeRequest } from '../testing/fake-executor.ts'
import type { FakeReply } from '../testing/fake-reply.ts'
import { tool } from '../tools/define.ts'

const codemodeOf = ({ url }: { readonly url: string }, config: Partial<ClientConfig> = {}) =>
  Codemode.fromClientConfig({ executorUrl: url, executorApiKey: 'k', retry: { backoffBaseMs: 1 }, ...config })

const approvalOf = (request: FakeRequest) => pendingApproval(executionOf(request).id, 2, 'pay', { amount: 5 })

/** Responds that the execution is paused, as JSON or as the last event of a stream. */
function pause(request: FakeRequest, reply: FakeReply): void {
  const approval = approvalOf(request)
  const correlationId = request.headers['x-correlation-id']!
  if (request.headers['accept'] !== 'text/event-stream') {
    const { executionId } = approval
    return reply.json(202, { status: 'paused', executionId, correlationId, approvals: [approval] })
  }
  reply.started()
  const { status: _, executionId: __, ...requested } = approval
  reply.event({ type: 'approval.requested', ...requested })
  reply.event({ type: 'paused', correlationId, approvals: [approval] })
}

describe.each([
  ['as JSON', {}],
  ['over an event stream', { tools: { pay: tool({ requiresApproval: true, execute: () => 1 }) } }],
])('an execution that the executor pauses, %s', (_, config) => {
  test('is a result of its own, an event and a count', async () => {
    await using executor = await FakeExecutor.start(pause)
    await using codemode = codemodeOf(executor, config)
    const settled: SettleEvent[] = []
    const announced: ApprovalEvent[] = []
    codemode.on('settle', (event) => settled.push(event))
    codemode.on('approval', (event) => announced.push(event))
    const result = await codemode.run('x', { label: 'order' })
    const approval = approvalOf(executor.requests[0]!)
    expect(result).toMatchObject({ success: false, status: 'paused', approvals: [approval], logs: [] })
    expect(settled).toMatchObject([{ status: 'paused', error: undefined, executionId: approval.executionId }])
    expect(announced).toMatchObject([{ label: 'order', approval, executionId: approval.executionId }])
    expect(codemode.stats()).toMatchObject({ total: 1, paused: 1, failed: 0, successful: 0, running: 0 })
    expect(executor.requests).toHaveLength(1)
  })

  test('makes executeAsync throw an error that has the approvals, and says how to go on', async () => {
    await using executor = await FakeExecutor.start(pause)
    await using codemode = codemodeOf(executor, config)
    const error: unknown = await codemode.executeAsync('x').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApprovalPendingError)
    const { message, suggestion, approvals, executionId } = error as ApprovalPendingError
    expect(error).toMatchObject({ code: 'APPROVAL_PENDING', retryable: false, ambiguous: false })
    expect(message).toBe(`Execution ${executionId} waits for an approval of pay`)
    expect(suggestion).toContain('codemode.resume(error.executionId)')
    expect(approvals).toEqual([approvalOf(executor.requests[0]!)])
    expect(JSON.stringify(error)).not.toContain('amount')
  })

  test('is settled in a batch, and has a handle', async () => {
    await using executor = await FakeExecutor.start(pause)
    await using codemode = codemodeOf(executor, config)
    const progress: unknown[] = []
    const [result] = await codemode.executeAll(['x'], { onProgress: (counts) => progress.push(counts) })
    expect(result).toMatchObject({ status: 'paused' })
    expect(progress).toEqual([{ total: 1, begun: 1, settled: 1, successful: 0, failed: 0, paused: 1 }])
    const execution = await codemode.submit('x')
    expect(await execution.wait()).toMatchObject({ status: 'paused', executionId: execution.id })
    expect(execution.status).toBe('paused')
    expect(codemode.activeExecutions()).toEqual([])
  })
})

test('a client that decides itself says so, and sends its decision with the answer', async () => {
  const answered = Promise.withResolvers<ToolAnswer>()
  await using executor = await FakeExecutor.start((request, reply) => {
    if (request.path.endsWith('/tool-results')) {
      const { results } = JSON.parse(request.body) as { results: { callId: string; answer: ToolAnswer }[] }
      reply.json(200, { accepted: results.map(({ callId }) => callId) })
      return answered.resolve(results[0]!.answer)
    }
    reply.started()
    reply.called(1, 'pay', { amount: 5 })
    return answered.promise.then(() => reply.finished('done'))
  })
  const paid: unknown[] = []
  const pay = tool({ requiresApproval: ({ amount }) => amount > 1, execute: (input) => paid.push(input) })
  await using codemode = codemodeOf(executor, { tools: { pay }, onApproval: () => ({ reject: 'the default' }) })
  const input = { amount: 4 }
  expect(await codemode.executeAsync('x', { onApproval: () => ({ approve: true, input }) })).toBe('done')
  expect(executionOf(executor.requests[0]!)).toMatchObject({
    approvals: 'client',
    tools: expect.arrayContaining([{ name: 'pay', requiresApproval: 'conditional' }]) as [],
  } satisfies Partial<ExecutionRequest>)
  expect(await answered.promise).toEqual({ ok: true, output: 1, decision: { decision: 'approve', input } })
  expect(paid).toEqual([input])
})

test('a client that decides says so only for tools that need approvals, and not for detached executions', async () => {
  await using executor = await FakeExecutor.start((request, reply) => {
    const { id: executionId, detached } = executionOf(request)
    if (detached === true) return reply.json(202, { executionId, status: 'queued', correlationId: 'c'.repeat(16) })
    reply.started()
    return reply.finished(1)
  })
  const tools = { pay: tool({ requiresApproval: true, execute: () => 1 }), plain: () => 1 }
  await using codemode = codemodeOf(executor, { tools, onApproval: () => ({ approve: true }) })
  await codemode.run('x', { availableTools: ['plain'] })
  const notify = { url: 'https://app.example/hook', secret: `whsec_${'a'.repeat(32)}`, events: ['finished' as const] }
  await codemode.submit('x', { detached: true, servedBy: 'resume', notify })
  const [attached, detached] = executor.requests.map(executionOf)
  expect(attached).not.toHaveProperty('approvals')
  expect(detached).toMatchObject({ notify })
  expect(detached?.tools?.slice(0, 2)).toEqual([{ name: 'pay', requiresApproval: 'always' }, { name: 'plain' }])
  expect(detached).not.toHaveProperty('approvals')
  expect(detached).not.toHaveProperty('callback')
})

test.each([
  [{ servedBy: 'resume' }, 'The option servedBy is for detached executions only'],
  [{ detached: true, onApproval: () => ({ approve: true }) }, 'The option onApproval is for executions that end'],
  [{ detached: true }, "codemode.submit(code, { detached: true, servedBy: 'resume' })"],
])('submit refuses the options %j with the way to do it', async (options, problem) => {
  await using executor = await FakeExecutor.start(() => expect.unreachable())
  await using codemode = codemodeOf(executor, { tools: { pay: () => 1 } })
  await expect(codemode.submit('x', options as never)).rejects.toThrow(problem)
})

test('executeAsync and execute refuse what only submit takes, and what can not run while they block', async () => {
  await using executor = await FakeExecutor.start(() => expect.unreachable())
  await using codemode = codemodeOf(executor)
  await expect(codemode.run('x', { servedBy: 'resume' } as never)).rejects.toThrow('Only submit() takes')
  expect(() => codemode.execute('x', { onApproval: () => ({ approve: true }) })).toThrow(
    "can't use the option onApproval",
  )
  await expect(codemode.run('x', { onApproval: 'yes' } as never)).rejects.toThrow('onApproval')
})
