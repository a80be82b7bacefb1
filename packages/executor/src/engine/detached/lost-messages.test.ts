import type { ToolResponse } from '@codemode/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { MemoryStore, type MemoryStoreOptions } from '../../store/memory-store.test-support.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import type { DetachedExecutions } from './detached-executions.ts'
import { resultOf, scriptedSandbox, startScriptedNode, submissionOf } from './scripted-nodes.test-support.ts'

const paid: ToolResponse = { ok: true, output: 'paid' }
const answer = (call: number) => ({ kind: 'answer', call, response: paid }) as const

/** Sandbox whose guest calls `pay` once for each character of its code, and returns the last answer. */
const sandbox = scriptedSandbox((code) => (deliveries) => {
  if (deliveries.length === 1) {
    return { calls: Array.from(code, (_, index) => ({ call: index + 1, tool: 'pay', input: '{}' })) }
  }
  const last = deliveries.at(-1)!
  if (deliveries.length <= code.length) return {}
  return { end: { ok: true, result: last.kind === 'answer' ? last.text : '"no answer"' } }
})

let store: MemoryStore
let nodes: DetachedExecutions[]

function start(name: string, call: (call: OutgoingCall) => Promise<ToolResponse>): DetachedExecutions {
  const node = startScriptedNode(store, name, { sandbox, callbackTransport: () => ({ call }) })
  nodes.push(node)
  return node
}

async function untilStatus(id: string, status: string): Promise<void> {
  while ((await store.find('acme', id))?.status !== status) await vi.advanceTimersByTimeAsync(10)
}

async function approve(id: string, call = 1): Promise<void> {
  const { items } = await store.listApprovals('acme', { executionId: id, status: 'pending', limit: 10 })
  const { inputHash } = items.find((item) => item.call === call)!
  const made = { decision: { decision: 'approve' }, by: 'approver', keyId: 'key' } as const
  expect(await store.decide('acme', id, { call, inputHash, made })).toMatchObject({ type: 'decided' })
}

const isWritten = ({ type }: { readonly type: string }) => type === 'answer' || type === 'deferred'

const newStore = (around?: MemoryStoreOptions['around']) => new MemoryStore(around && { around })

beforeEach(() => {
  nodes = []
  store = newStore()
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(async () => {
  for (const node of nodes) await node.close()
  vi.useRealTimers()
})

test('a decision that follows a new callback in the inbox is taken by the next claim', async () => {
  const node = start('a', async () => paid)
  const submission = submissionOf('1', { tools: [{ name: 'pay', requiresApproval: 'always' }] })
  const execution = await node.submit(submission)
  await untilStatus(execution.id, 'paused')
  await node.close()
  await store.setCallback('acme', execution.id, submission.request.callback!)
  await approve(execution.id)
  start('b', async () => paid)
  expect(await resultOf(execution)).toBe('paid')
})

test('an answer that is read after the node was told to stop is taken by the next claim', async () => {
  const read = Promise.withResolvers<void>()
  let readsAreHeld = false
  store = newStore((operation, isDone) =>
    operation === 'messages' && isDone && readsAreHeld ? read.promise : undefined,
  )
  const node = start('a', () => new Promise(() => {}))
  const execution = await node.submit(submissionOf('1', { tools: [{ name: 'pay' }] }))
  await untilStatus(execution.id, 'waiting')
  readsAreHeld = true
  await store.post('acme', execution.id, answer(1))
  await vi.advanceTimersByTimeAsync(1)
  const closed = node.close()
  read.resolve()
  await closed
  start('b', () => new Promise(() => {}))
  expect(await resultOf(execution)).toBe('paid')
})

test('a decision that is read before the node knows of the commit of its approval is taken', async () => {
  const confirmed = Promise.withResolvers<void>()
  let appendsAreHeld = false
  store = newStore((operation, isDone) =>
    operation === 'append' && isDone && appendsAreHeld ? confirmed.promise : undefined,
  )
  const node = start('a', async ({ approval, callId }) => {
    if (callId.endsWith(':2')) return new Promise(() => {})
    if (approval !== undefined) return paid
    appendsAreHeld = true
    return { approvalRequired: true }
  })
  const execution = await node.submit(submissionOf('12', { tools: [{ name: 'pay', requiresApproval: 'conditional' }] }))
  while ((await store.listApprovals('acme', { limit: 1 })).items.length === 0) await vi.advanceTimersByTimeAsync(10)
  await approve(execution.id)
  await vi.advanceTimersByTimeAsync(10)
  confirmed.resolve()
  await vi.advanceTimersByTimeAsync(10)
  await store.post('acme', execution.id, answer(2))
  expect(await resultOf(execution)).toBe('paid')
})

test.each([
  ['a decision', 'paused', { requiresApproval: 'always', approvalTimeoutMs: 1_000 }],
  ['a deferred answer', 'waiting', { deferTimeoutMs: 1_000 }],
] as const)('%s that was accepted in time counts, also if the execution is claimed later', async (_, status, tool) => {
  const isApproved = status === 'paused'
  const call = async (): Promise<ToolResponse> => (isApproved ? paid : { deferred: true })
  store = newStore((operation, isDone, node) =>
    operation === 'messages' && !isDone && node === 'b'
      ? new Promise((resolve) => setTimeout(resolve, 1_000))
      : undefined,
  )
  const node = start('a', call)
  const execution = await node.submit(submissionOf('1', { tools: [{ name: 'pay', ...tool }] }))
  await untilStatus(execution.id, status)
  await node.close()
  if (isApproved) await approve(execution.id)
  else await store.post('acme', execution.id, answer(1))
  await vi.advanceTimersByTimeAsync(10_000)
  start('b', call)
  expect(await resultOf(execution)).toBe('paid')
})

test('an answer in one batch with the request for an approval does not settle the call', async () => {
  const node = start('a', () => new Promise(() => {}))
  const submission = submissionOf('1', { tools: [{ name: 'pay', requiresApproval: 'conditional' }] })
  const { callback: _, ...request } = submission.request
  const execution = await node.submit({ ...submission, request })
  await untilStatus(execution.id, 'waiting')
  const asks = { kind: 'answer', call: 1, response: { approvalRequired: true } } as const
  await Promise.all([store.post('acme', execution.id, asks), store.post('acme', execution.id, answer(1))])
  await untilStatus(execution.id, 'paused')
  await store.post('acme', execution.id, { kind: 'cancel' })
  expect(await resultOf(execution)).toBe('CANCELLED')
})

test.each([
  [{ ok: true, output: 'paid' }, 'client'],
  [{ ok: true, output: 'paid' }, undefined],
  [{ deferred: true }, 'client'],
  [{ deferred: true }, undefined],
] as const)('the decision in %o is written only if the client decides (%s)', async (response, approvals) => {
  const decision = { decision: 'approve', note: 'fine' } as const
  const node = start('a', async () => ({ ...response, decision }))
  const tools = [{ name: 'pay', requiresApproval: 'conditional' } as const]
  const execution = await node.submit(submissionOf('1', { tools, ...(approvals && { approvals }) }))
  const entriesOf = async () => (await store.read('acme', execution.id, 0))!.entries
  while (!(await entriesOf()).some(isWritten)) await vi.advanceTimersByTimeAsync(10)
  const written = (await entriesOf()).find(isWritten)!
  expect('decision' in written ? written.decision : undefined).toEqual(approvals && decision)
})
