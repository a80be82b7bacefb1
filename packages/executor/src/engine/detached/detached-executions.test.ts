import { RequestError, type RetryRequest, type ToolAnswer } from '@codemode/shared'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { MemoryStore, type Operation } from '../../store/memory-store.test-support.ts'
import type { OutgoingCall } from '../../tools/transport.ts'
import { callsOf } from '../state/journal.test-support.ts'
import type { DetachedExecutions } from './detached-executions.ts'
import {
  principal,
  resultOf,
  scriptedSandbox,
  startScriptedNode,
  submissionOf,
  type Script,
} from './scripted-nodes.test-support.ts'

const minute = 60_000

/** Scripts of guests by their code. */
const scripts: Record<string, Script> = {
  'return 1': () => ({ end: { ok: true, result: '1' } }),
  'return 2': () => ({ end: { ok: true, result: '2' } }),
  'return 3': () => ({ end: { ok: true, result: '3' } }),
  'call, sleep for a minute, call': (deliveries) => {
    const last = deliveries.at(-1)!
    if (last.kind === 'start') return { calls: callsOf(1) }
    if (last.kind === 'tick') return { calls: callsOf(2) }
    if (last.kind === 'answer' && last.call === 1) return { nextTimerAt: last.at + minute }
    const texts = deliveries.flatMap((each) => (each.kind === 'answer' ? [each.text] : []))
    return { end: { ok: true, result: `[${texts.toString()}]` } }
  },
  'sleep for a minute': (deliveries) =>
    deliveries.length === 1 ? { nextTimerAt: deliveries[0]!.at + minute } : { end: { ok: true, result: '"slept"' } },
  'call twice': (deliveries) => {
    const answers = deliveries.filter(({ kind }) => kind === 'answer').length
    return answers < 2 ? { calls: callsOf(answers + 1) } : { end: { ok: true, result: '"called twice"' } }
  },
  'call for ever': () => ({ calls: callsOf(1) }),
}

const sandboxOf = (isChanged = () => false) => scriptedSandbox((code) => scripts[code]!, isChanged)

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const answerNull = (): Promise<ToolAnswer> => Promise.resolve({ ok: true, output: null })
const answerSlowly = (): Promise<ToolAnswer> => delay(4_000).then(answerNull)

/** Starts a node, whose tools the given function answers. */
function startNode(
  store: MemoryStore,
  node: string,
  call: (call: OutgoingCall) => Promise<ToolAnswer> = answerNull,
  sandbox = sandboxOf(),
) {
  return startScriptedNode(store, node, { call, sandbox })
}

/** Returns the number of claims of an execution. */
async function claimsOf(node: DetachedExecutions, id: string): Promise<number> {
  const { entries } = await (await node.find('acme', id)).journal()
  return entries.filter(({ type }) => type === 'claim').length
}

/** Resolves when the condition holds, which is checked at each append to the journal of an execution. */
async function untilAppended(store: MemoryStore, id: string, isMet: () => Promise<boolean>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => void isMet().then((met) => met && resolve())
  const stop = store.onAppend('acme', id, check)
  check()
  await promise
  stop()
}

/** Resolves when the stored execution has the given status. */
function untilStatus(store: MemoryStore, id: string, status: string): Promise<void> {
  return untilAppended(store, id, async () => (await store.find('acme', id))?.status === status)
}

/** Resolves when the stored execution is parked. */
function untilParked(store: MemoryStore, id: string): Promise<void> {
  return untilAppended(store, id, async () => (await store.read('acme', id, 0))?.entries.at(-1)?.type === 'park')
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a detached execution', () => {
  test('runs on a node that has places, and its result can be read on every node', async () => {
    const store = new MemoryStore()
    const [one, two] = [startNode(store, 'one'), startNode(store, 'two')]
    const submission = submissionOf('return 1')
    expect(await resultOf(await one.submit(submission))).toBe(1)
    expect(await resultOf(await two.find('acme', submission.request.id!))).toBe(1)
    await Promise.all([one.close(), two.close()])
  })

  test('an execution of another tenant does not exist', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const { id } = await node.submit(submissionOf('return 1'))
    await expect(node.find('other', id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await node.close()
  })

  test('is attached to by a repeat of its request, and conflicts with another one', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const submission = submissionOf('return 1')
    const first = await node.submit(submission)
    expect((await node.submit(submission)).id).toBe(first.id)
    const other = { ...submission, bodyHash: 'another' }
    await expect(node.submit(other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await node.close()
  })

  test('an execution that is stored, but cannot be read, is refused to a repeat of its request as ambiguous', async () => {
    const store = new MemoryStore()
    const node = startNode(store, 'one')
    const submission = submissionOf('return 1')
    await node.submit(submission)
    const unavailable = new RequestError('STORE_UNAVAILABLE', 'The store did not answer', { retryAfterSeconds: 2 })
    vi.spyOn(store, 'find').mockRejectedValueOnce(unavailable)
    const refusal = { code: 'STORE_UNAVAILABLE', ambiguous: true, retryAfterSeconds: 2 }
    await expect(node.submit(submission)).rejects.toMatchObject(refusal)
    await node.close()
  })

  test('has the same status in a list and in its record, while a tool runs and when it is handed over', async () => {
    const store = new MemoryStore()
    const latch = Promise.withResolvers<ToolAnswer>()
    const node = startNode(store, 'one', () => latch.promise)
    const { id } = await node.submit(submissionOf('call twice'))
    const statusOfRecord = async () =>
      (JSON.parse(await (await node.find('acme', id)).record()) as { status: string }).status
    await untilStatus(store, id, 'waiting')
    expect(await statusOfRecord()).toBe('waiting')
    await node.close()
    expect(await statusOfRecord()).toBe((await store.find('acme', id))?.status)
  })

  test('an execution that sleeps is parked: no node holds it, and any node continues it', async () => {
    const store = new MemoryStore()
    const calls: string[] = []
    const call = async ({ callId, input }: OutgoingCall): Promise<ToolAnswer> => {
      calls.push(callId)
      return { ok: true, output: JSON.parse(input) }
    }
    const one = startNode(store, 'one', call)
    const submission = submissionOf('call, sleep for a minute, call')
    const { id } = await one.submit(submission)
    await untilParked(store, id)
    await one.close()
    const two = startNode(store, 'two', call)
    const execution = await two.find('acme', id)
    expect(await resultOf(execution)).toEqual([[1], [2]])
    expect(calls).toEqual([`${id}:1`, `${id}:2`])
    const { entries } = await execution.journal()
    const types = entries.map(({ type }) => type)
    expect(types).toEqual(['claim', 'turn', 'answer', 'turn', 'park', 'claim', 'turn', 'answer', 'turn'])
    await two.close()
  })

  test('an execution that sleeps beyond its life ends when it expires', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const execution = await node.submit(submissionOf('sleep for a minute', { expiresAfterMs: 30_000 }))
    expect(await resultOf(execution)).toBe('EXECUTION_TIMEOUT')
    expect(JSON.parse(await execution.result())).toMatchObject({ error: { details: { option: 'expiresAfterMs' } } })
    await node.close()
  })

  test('does not count the time in which it is parked', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const submission = submissionOf('sleep for a minute', {
      limits: { executionTimeoutMs: 6_000, cpuTimeoutMs: 5_000, toolTimeoutMs: 5_000 },
    })
    expect(await resultOf(await node.submit(submission))).toBe('slept')
    await node.close()
  })

  test('ends at its timeout, also while an answer that has arrived before is being stored', async () => {
    const store = new MemoryStore({
      around: (operation, isDone) => (operation === 'append' && !isDone ? delay(150) : undefined),
    })
    const node = startNode(store, 'one', () => delay(5_750).then(answerNull))
    const limits = { executionTimeoutMs: 6_000, cpuTimeoutMs: 5_000, toolTimeoutMs: 6_000 }
    const execution = await node.submit(submissionOf('call twice', { limits }))
    expect(await resultOf(execution)).toBe('EXECUTION_TIMEOUT')
    const { entries } = await execution.journal()
    expect(entries.map(({ type }) => type)).toEqual(['claim', 'turn', 'answer', 'end'])
    await node.close()
  })

  test('is cancelled by a message, on whichever node it runs', async () => {
    const store = new MemoryStore()
    const one = startNode(store, 'one', () => new Promise(() => {}))
    const { id } = await one.submit(submissionOf('call for ever'))
    const two = startNode(store, 'two')
    const seen = await two.find('acme', id)
    await seen.cancel('enough')
    expect(await resultOf(seen)).toBe('CANCELLED')
    await Promise.all([one.close(), two.close()])
  })

  test('is cancelled while it is parked', async () => {
    const store = new MemoryStore()
    const node = startNode(store, 'one')
    const execution = await node.submit(submissionOf('sleep for a minute'))
    await untilParked(store, execution.id)
    await execution.cancel()
    expect(await resultOf(execution)).toBe('CANCELLED')
    await node.close()
  })

  test('an execution whose guest can not be rebuilt waits for an operator, and goes on with the right runtime', async () => {
    const store = new MemoryStore()
    const one = startNode(store, 'one')
    const { id } = await one.submit(submissionOf('call, sleep for a minute, call'))
    await untilParked(store, id)
    await one.close()
    const other = startNode(
      store,
      'another runtime',
      answerNull,
      sandboxOf(() => true),
    )
    await untilStatus(store, id, 'needs_attention')
    expect(JSON.parse(await (await other.find('acme', id)).record())).toMatchObject({
      status: 'needs_attention',
      error: { code: 'REPLAY_DIVERGED' },
    })
    await other.close()
    const right = startNode(store, 'right')
    expect(await resultOf(await right.wake('acme', id))).toEqual([null, null])
    await right.close()
  })

  test('can be retried as a new execution', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const first = await node.submit(submissionOf('return 1', { label: 'report', tools: [] }))
    await first.finished
    const second = await node.retry(first, { request: {}, principal, correlationId: 'cor_2' })
    expect(second).toMatchObject({ correlationId: 'cor_2', label: 'report' })
    expect(second.id).not.toBe(first.id)
    const sameId = node.retry(first, { request: { id: first.id }, principal, correlationId: 'cor_3' })
    await expect(sameId).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    expect(await resultOf(second)).toBe(1)
    const repeated = await node.retry(first, { request: { id: second.id }, principal, correlationId: 'cor_4' })
    expect(repeated).toMatchObject({ id: second.id, correlationId: 'cor_2', status: 'completed' })
    await node.close()
  })

  test('is no retry of another one, although both have the same body', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const first = await node.submit(submissionOf('return 1', { tools: [] }))
    const other = await node.submit({
      ...submissionOf('return 1', { tools: [] }),
      principal: { ...principal, owner: 'other' },
    })
    const retry = node.retry(first, { request: { id: other.id }, principal, correlationId: 'cor_2' })
    await expect(retry).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await node.close()
  })

  test('an execution that has ended cannot be woken', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const execution = await node.submit(submissionOf('return 1'))
    await execution.finished
    await expect(node.wake('acme', execution.id)).rejects.toMatchObject({ code: 'EXECUTION_ENDED', httpStatus: 409 })
    await node.close()
  })

  test('an execution that called its tools at a callback needs another one to be retried', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const execution = await node.submit(submissionOf('return 1'))
    await execution.finished
    const retry = node.retry(execution, { request: {}, principal, correlationId: 'cor_2' })
    await expect(retry).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('a retry needs a callback of its own') as string,
    })
    await node.close()
  })

  test('a retry of an execution whose tools a client served waits for a client again', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const { request, ...submission } = submissionOf('return 1')
    const { callback: _, ...served } = request
    const execution = await node.submit({ ...submission, request: served })
    await execution.finished
    const retried = await node.retry(execution, { request: {}, principal, correlationId: 'cor_2' })
    expect(await resultOf(retried)).toBe(1)
    await node.close()
  })

  test('can be retried with other code and input, within its limits', async () => {
    const node = startNode(new MemoryStore(), 'one')
    const first = await node.submit(submissionOf('return 1', { tools: [], input: { n: 1 } }))
    await first.finished
    const edit = (request: RetryRequest) => node.retry(first, { request, principal, correlationId: 'cor_2' })
    const edited = await edit({ code: 'return 2', input: null })
    expect(await resultOf(edited)).toBe(2)
    expect((await edited.journal()).header).toMatchObject({ code: 'return 2', input: 'null' })
    expect((await (await edit({ code: 'return 3' })).journal()).header).toMatchObject({ input: '{"n":1}' })
    const { id } = edited
    expect(await edit({ id, code: 'return 2', input: null })).toMatchObject({ id })
    await expect(edit({ id, code: 'return 2' })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await expect(edit({ code: ' '.repeat(2_000_000) })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
    await node.close()
  })
})

test('executions above the number that may be queued are refused', async () => {
  const store = new MemoryStore()
  const node = startScriptedNode(store, 'full', { sandbox: sandboxOf(), maxRunning: 0 })
  for (let n = 0; n < principal.maxQueued; n++) await node.submit(submissionOf('return 1'))
  await expect(node.submit(submissionOf('return 1'))).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  await node.close()
})

/** Runs the execution on nodes of which the first crashes at an operation; returns the result and the handlers' runs. */
async function runWithCrash(crashAt: number, isDone: boolean) {
  let operations = 0
  const crashed = Promise.withResolvers<void>()
  const around = (_operation: Operation, done: boolean, node: string) => {
    if (node !== 'first' || done !== isDone || ++operations !== crashAt) return undefined
    crashed.resolve()
    return new Promise<void>(() => {})
  }
  const store = new MemoryStore({ around })
  const runs = new Map<string, number>()
  const record = new Map<string, ToolAnswer>()
  const call = async ({ callId, input }: OutgoingCall): Promise<ToolAnswer> => {
    const answer = record.get(callId) ?? { ok: true, output: JSON.parse(input) }
    if (!record.has(callId)) runs.set(callId, (runs.get(callId) ?? 0) + 1)
    record.set(callId, answer)
    return answer
  }
  const first = startNode(store, 'first', call)
  const { id } = await first.submit(submissionOf('call, sleep for a minute, call'))
  await Promise.race([crashed.promise, (await first.find('acme', id)).finished])
  store.kill('first')
  const second = startNode(store, 'second', call)
  const result = await resultOf(await second.find('acme', id))
  await second.close()
  return { result, runs: [...runs.values()], operations }
}

describe('a crash of the node', () => {
  test('gives the execution no more time than its timeout has left', async () => {
    const crashed = Promise.withResolvers<void>()
    let appends = 0
    // The third append is the turn that makes the second call: the first turn was appended with the claim.
    const around = (operation: Operation, isDone: boolean, node: string) => {
      if (node !== 'first' || operation !== 'append' || !isDone || ++appends < 3) return undefined
      crashed.resolve()
      return new Promise<void>(() => {})
    }
    const store = new MemoryStore({ around })
    const limits = { executionTimeoutMs: 6_000, cpuTimeoutMs: 5_000, toolTimeoutMs: 6_000 }
    const { id } = await startNode(store, 'first', answerSlowly).submit(submissionOf('call twice', { limits }))
    await crashed.promise
    store.kill('first')
    const second = startNode(store, 'second', answerSlowly)
    expect(await resultOf(await second.find('acme', id))).toBe('EXECUTION_TIMEOUT')
    await second.close()
  })

  test('takes no time from the tool calls in flight, however long no node runs', async () => {
    const store = new MemoryStore()
    const called = Promise.withResolvers<void>()
    const callUnanswered = (): Promise<ToolAnswer> => {
      called.resolve()
      return new Promise(() => {})
    }
    const { id } = await startNode(store, 'first', callUnanswered).submit(submissionOf('call twice'))
    await called.promise
    store.kill('first')
    await delay(60 * minute)
    const second = startNode(store, 'second', answerSlowly)
    expect(await resultOf(await second.find('acme', id))).toBe('called twice')
    await second.close()
  })

  test('before or after any operation of the store changes nothing that the code or the tools see', async () => {
    const undisturbed = await runWithCrash(Infinity, false)
    expect(undisturbed).toMatchObject({ result: [[1], [2]], runs: [1, 1] })
    for (let crashAt = 1; crashAt <= undisturbed.operations; crashAt++) {
      for (const isDone of [false, true]) {
        expect(await runWithCrash(crashAt, isDone)).toMatchObject({ result: [[1], [2]], runs: [1, 1] })
      }
    }
  })

  test('does not include a deploy: an execution may be handed over any number of times', async () => {
    const store = new MemoryStore()
    const latch = Promise.withResolvers<ToolAnswer>()
    let node = startNode(store, 'node 0', () => latch.promise)
    const { id } = await node.submit(submissionOf('call twice'))
    for (let n = 1; n <= 5; n++) {
      await untilAppended(store, id, async () => (await claimsOf(node, id)) === n)
      const next = startNode(store, `node ${n}`, () => latch.promise)
      await node.close()
      node = next
    }
    latch.resolve({ ok: true, output: null })
    expect(await resultOf(await node.find('acme', id))).toBe('called twice')
    expect(await claimsOf(node, id)).toBe(6)
    await node.close()
  })

  test('fails the execution if it happens to each of three nodes after the last progress', async () => {
    const store = new MemoryStore({
      around: (operation, isDone) => (operation === 'append' && isDone ? new Promise(() => {}) : undefined),
    })
    const first = startNode(store, 'node 1')
    const { id } = await first.submit(submissionOf('call for ever'))
    // The first claim is appended with the first turn.
    for (let n = 1; n <= 4; n++) {
      await untilAppended(store, id, async () => (await claimsOf(first, id)) === n)
      store.kill(`node ${n}`)
      startNode(store, `node ${n + 1}`)
    }
    expect(await resultOf(await first.find('acme', id))).toBe('SANDBOX_CRASHED')
  })
})
