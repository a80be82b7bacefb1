import type { Approval, Decision, ExecutionRequest, ToolResponse, TurnEffects } from '@codemode/shared'
import { newExecutionId } from '@codemode/shared'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { ExecutionSpec, GuestDelivery, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import { MemoryStore } from '../../store/memory-store.test-support.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import type { Submission } from '../engine.ts'
import { defaultMaxLimits } from '../../api-keys.ts'
import { combineObservers } from '../engine-observer.ts'
import { allRights, type Principal } from '../principal.ts'
import { Pacer } from '../runner/pacer.ts'
import { WarmGuests } from '../session/warm-guests.ts'
import { approvalText } from '../state/approval-text.ts'
import { effectsOf, headerOf } from '../state/journal.test-support.ts'
import { DetachedExecutions } from './detached-executions.ts'

const day = 86_400_000

const principal: Principal = {
  keyId: 'key',
  owner: 'owner',
  rights: allRights,
  tenant: 'acme',
  isolation: 'tenant',
  reuseIsolates: true,
  defaultLimits: headerOf().limits,
  maxLimits: defaultMaxLimits,
  maxDetachedExecutionMs: day,
  maxRunning: 10,
  maxQueued: 10,
}

const approver: Principal = { ...principal, keyId: 'approver-key', owner: 'approver' }

/** Sandbox whose guest calls `pay` as often as its code says, at once, and returns the answers in their order. */
const sandbox = {
  versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
  placeGuest(spec) {
    const { code } = spec as ExecutionSpec
    const count = Number(code)
    const answers: string[] = []
    const respond = (delivery: GuestDelivery): Partial<TurnEffects> => {
      if (delivery.kind === 'start') {
        return { calls: Array.from({ length: count }, (_, index) => payment(index + 1)) }
      }
      if (delivery.kind === 'answer') answers[delivery.call - 1] = delivery.text
      const isDone = answers.filter((text) => text !== undefined).length === count
      return isDone ? { end: { ok: true, result: `[${answers.toString()}]` } } : {}
    }
    const turn = async (delivery: GuestDelivery): Promise<TurnOutcome> => ({
      type: 'turn',
      cpuMs: 1,
      effects: effectsOf(respond(delivery)),
    })
    return { turn, close() {} }
  },
} as Partial<Sandbox> as Sandbox

const payment = (call: number) => ({ call, tool: 'pay', input: `{"amount":${call}00}` })

const always = { name: 'pay', requiresApproval: 'always', inputSchema: inputSchema() } as const
const conditional = { ...always, requiresApproval: 'conditional' } as const

function inputSchema() {
  return { type: 'object', properties: { amount: { type: 'number', maximum: 1_000 } }, required: ['amount'] }
}

const paid = ({ input }: OutgoingCall): Promise<ToolResponse> =>
  Promise.resolve({ ok: true, output: JSON.parse(input).amount })

let nodes: DetachedExecutions[] = []
let store: MemoryStore

function startNode(call: (call: OutgoingCall) => Promise<ToolResponse> = paid): DetachedExecutions {
  const node = new DetachedExecutions({
    store,
    node: `node ${nodes.length}`,
    maxRunning: 10,
    parkAfterMs: 1_000,
    guests: new WarmGuests(30_000),
    sandbox,
    pacer: new Pacer(),
    callbackTransport: () => ({ call }),
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
  })
  nodes.push(node)
  return node
}

function submissionOf(calls: number, more: Partial<ExecutionRequest> = {}): Submission {
  const callback = { url: 'https://app.example/tools', token: 'x'.repeat(16) }
  const request = { id: newExecutionId(), code: String(calls), tools: [always], callback, detached: true, ...more }
  return { request, bodyHash: 'hash', principal, correlationId: 'cor_1', transport: 'callback' }
}

/** Resolves when the stored execution has the given status. */
async function untilStatus(id: string, status: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => void store.find('acme', id).then((stored) => stored?.status === status && resolve())
  const stop = store.onAppend('acme', id, check)
  check()
  await promise
  stop()
}

async function pendingOf(node: DetachedExecutions, executionId: string): Promise<Approval[]> {
  const { items } = await node.listApprovals('acme', { executionId, status: 'pending', limit: 50 })
  return items.map((item) => JSON.parse(approvalText(executionId, item)) as Approval)
}

async function decide(
  node: DetachedExecutions,
  { executionId, callId, inputHash }: Approval,
  decision: Decision,
): Promise<Approval> {
  const request = { ...decision, inputHash }
  return JSON.parse(await node.decide({ id: executionId, callId, request, principal: approver }))
}

async function resultOf(node: DetachedExecutions, id: string): Promise<unknown> {
  const execution = await node.find('acme', id)
  await execution.finished
  const { success, result, error } = JSON.parse(await execution.result())
  return success === true ? result : error.code
}

beforeEach(() => {
  nodes = []
  store = new MemoryStore()
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(async () => {
  for (const node of nodes) await node.close()
  vi.useRealTimers()
})

describe('a call that requires an approval', () => {
  test('waits before its handler runs: nothing is called, and no node holds the execution', async () => {
    const calls: string[] = []
    const node = startNode(async (call) => {
      calls.push(call.callId)
      return paid(call)
    })
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    expect(approval).toMatchObject({ callId: `${id}:1`, tool: 'pay', input: { amount: 100 }, status: 'pending' })
    expect(calls).toEqual([])
    const decided = await decide(node, approval!, { decision: 'approve', note: 'fine' })
    expect(decided).toMatchObject({ status: 'approved', decision: { by: 'approver', note: 'fine' } })
    expect(await resultOf(node, id)).toEqual([100])
    expect(calls).toEqual([`${id}:1`])
  })

  test('is decided after the node that ran it has gone, and with an edited input', async () => {
    const first = startNode()
    const { id } = await first.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    store.kill('node 0')
    const inputs: string[] = []
    const second = startNode(async (call) => {
      inputs.push(call.input)
      expect(call.approval).toMatchObject({ decidedBy: 'approver' })
      return paid(call)
    })
    const [approval] = await pendingOf(second, id)
    await decide(second, approval!, { decision: 'approve', input: { amount: 42 } })
    expect(await resultOf(second, id)).toEqual([42])
    expect(inputs).toEqual(['{"amount":42}'])
  })

  test('stays pending when the edited input does not fit the tool', async () => {
    const node = startNode()
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    const tooMuch = decide(node, approval!, { decision: 'approve', input: { amount: 5_000 } })
    await expect(tooMuch).rejects.toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('amount') })
    expect(await pendingOf(node, id)).toEqual([approval])
  })

  test('is an error in the code, or the end of the execution, when it is rejected', async () => {
    const node = startNode(() => expect.unreachable('the tool was called'))
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    await decide(node, (await pendingOf(node, id))[0]!, { decision: 'reject', reason: 'too much' })
    expect(await resultOf(node, id)).toMatchObject([{ code: 'TOOL_REJECTED', data: { reason: 'too much' } }])
    const { id: ended } = await node.submit(submissionOf(1))
    await untilStatus(ended, 'paused')
    await decide(node, (await pendingOf(node, ended))[0]!, { decision: 'reject', reason: 'no', end: true })
    expect(await resultOf(node, ended)).toBe('APPROVAL_REJECTED')
  })

  test('is answered by a decision instead of the tool, also with a value that is falsy', async () => {
    const node = startNode(() => expect.unreachable('the tool was called'))
    const { id } = await node.submit(submissionOf(3))
    await untilStatus(id, 'paused')
    const [first, second, third] = await pendingOf(node, id)
    await decide(node, third!, { decision: 'respond', output: null })
    await decide(node, first!, { decision: 'respond', output: 0 })
    await decide(node, second!, { decision: 'respond', output: '' })
    expect(await resultOf(node, id)).toEqual([0, '', null])
  })

  test('takes one decision: the same one again is accepted, another one is refused with the current state', async () => {
    const node = startNode()
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    const decisions = [
      decide(node, approval!, { decision: 'approve' }),
      decide(node, approval!, { decision: 'reject', reason: 'late' }),
      decide(node, approval!, { decision: 'approve' }),
    ]
    const outcomes = await Promise.allSettled(decisions)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({
      reason: { code: 'APPROVAL_CONFLICT', details: { approval: { status: 'approved' } } },
    })
    const forged = decide(node, { ...approval!, inputHash: '0'.repeat(64) }, { decision: 'approve' })
    await expect(forged).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' })
    expect(await resultOf(node, id)).toEqual([100])
  })

  test('expires only if its tool says so, and then is an error in the code', async () => {
    const node = startNode(() => expect.unreachable('the tool was called'))
    const { id } = await node.submit(submissionOf(1, { tools: [{ ...always, approvalTimeoutMs: 60_000 }] }))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    expect(await resultOf(node, id)).toMatchObject([{ code: 'APPROVAL_EXPIRED' }])
    const late = decide(node, approval!, { decision: 'approve' })
    await expect(late).rejects.toMatchObject({ details: { approval: { status: 'expired' } } })
  })

  test('is asked for in a retry of an execution whose client decided itself', async () => {
    const node = startNode()
    const header = headerOf({ code: '1', tools: [always], approvals: 'client' })
    const { tenant, owner, keyId, isolation, reuseIsolates } = principal
    const id = newExecutionId()
    const facts = { id, tenant, owner, keyId, isolation, reuseIsolates, correlationId: 'cor_1', bodyHash: 'hash' }
    const end = { status: 'completed', finishedAt: Date.now() } as const
    await store.record([{ facts, journal: { header, entries: [] }, end }])
    const { callback } = submissionOf(1).request
    const retried = await node.retry(await node.find('acme', id), {
      request: { callback: callback! },
      principal,
      correlationId: 'cor_2',
    })
    await untilStatus(retried.id, 'paused')
    expect(await pendingOf(node, retried.id)).toHaveLength(1)
  })

  test('is cancelled with its execution', async () => {
    const node = startNode()
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    await (await node.find('acme', id)).cancel()
    expect(await resultOf(node, id)).toBe('CANCELLED')
    const late = decide(node, approval!, { decision: 'approve' })
    await expect(late).rejects.toMatchObject({ details: { approval: { status: 'cancelled' } } })
  })

  test('may be asked for by the tool server, and is asked for only once', async () => {
    const asked: string[] = []
    const node = startNode(async (call) => {
      if (call.approval !== undefined) return paid(call)
      asked.push(call.callId)
      return { approvalRequired: true, reason: 'a large amount' }
    })
    const { id } = await node.submit(submissionOf(1, { tools: [conditional] }))
    await untilStatus(id, 'paused')
    const [approval] = await pendingOf(node, id)
    expect(approval).toMatchObject({ reason: 'a large amount' })
    await decide(node, approval!, { decision: 'approve' })
    expect(await resultOf(node, id)).toEqual([100])
    expect(asked).toEqual([`${id}:1`])
  })
})

describe('a deferred answer', () => {
  test('is posted later, while nothing holds the execution', async () => {
    const node = startNode(() => Promise.resolve({ deferred: true }))
    const { id } = await node.submit(submissionOf(1, { tools: [{ name: 'pay' }] }))
    await untilStatus(id, 'waiting')
    const execution = await node.find('acme', id)
    const answer = { ok: true, output: 'later' } as const
    const accepted = [await execution.answerCall(`${id}:1`, answer), await execution.answerCall(`${id}:1`, answer)]
    expect(accepted).toEqual([true, false])
    expect(await resultOf(node, id)).toEqual(['later'])
    expect(await execution.answerCall(`${id}:1`, answer)).toBe(false)
  })

  test('may overtake the message that defers it', async () => {
    const deferral = Promise.withResolvers<ToolResponse>()
    const node = startNode(() => deferral.promise)
    const { id } = await node.submit(submissionOf(1, { tools: [{ name: 'pay' }] }))
    await untilStatus(id, 'waiting')
    const execution = await node.find('acme', id)
    while (!(await execution.answerCall(`${id}:1`, { ok: true, output: 'early' })))
      await vi.advanceTimersByTimeAsync(10)
    expect(await resultOf(node, id)).toEqual(['early'])
    deferral.resolve({ deferred: true })
  })

  test('a deferred answer that does not arrive in time is a timeout', async () => {
    const node = startNode(() => Promise.resolve({ deferred: true }))
    const { id } = await node.submit(submissionOf(1, { tools: [{ name: 'pay', deferTimeoutMs: 60_000 }] }))
    expect(await resultOf(node, id)).toMatchObject([{ code: 'TOOL_TIMEOUT' }])
  })

  test('an answer to a call that waits for an approval is refused', async () => {
    const node = startNode()
    const { id } = await node.submit(submissionOf(1))
    await untilStatus(id, 'paused')
    const execution = await node.find('acme', id)
    const answer = execution.answerCall(`${id}:1`, { ok: true, output: 'forged' })
    await expect(answer).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' })
    expect(await execution.answerCall(`${id}:1`, { approvalRequired: true })).toBe(false)
  })
})

describe('an execution without a callback', () => {
  const tools = [{ name: 'pay' }]

  test('waits for a client, and one client at a time serves its calls', async () => {
    const node = startNode()
    const { callback: _, ...request } = submissionOf(1, { tools }).request
    const { id } = await node.submit({ ...submissionOf(1), request })
    await untilStatus(id, 'waiting')
    const execution = await node.find('acme', id)
    const stop = new AbortController()
    const events = (await execution.events({ signal: stop.signal, isServing: true }))[Symbol.asyncIterator]()
    await events.next()
    const other = execution.events({ signal: stop.signal, isServing: true })
    await expect(other).rejects.toMatchObject({ code: 'EXECUTION_SERVED' })
    const { callback } = submissionOf(1).request
    await expect(node.setCallback('acme', id, callback!)).rejects.toMatchObject({ code: 'EXECUTION_SERVED' })
    await events.return?.()
    expect(await execution.answerCall(`${id}:1`, { ok: true, output: 'served' })).toBe(true)
    expect(await resultOf(node, id)).toEqual(['served'])
  })

  test('is called by a callback that it gets later', async () => {
    const node = startNode()
    const { callback, ...request } = submissionOf(1, { tools }).request
    const { id } = await node.submit({ ...submissionOf(1), request })
    await untilStatus(id, 'waiting')
    await node.setCallback('acme', id, callback!)
    expect(await resultOf(node, id)).toEqual([100])
  })
})
