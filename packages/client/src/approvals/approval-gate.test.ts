import { createHash } from 'node:crypto'

import type { Json, ToolCallMessage, ToolResponse } from '@codemode/shared'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'

import { tool, type ToolLike } from '../tools/define.ts'
import { invokeTool } from '../tools/invoke.ts'
import { handlerErrorOf } from '../tools/tool-failure.ts'
import { ToolRegistry } from '../tools/registry.ts'
import type { OnApproval } from './ask-client.ts'

const hashOf = (input: Json): string => createHash('sha256').update(JSON.stringify(input)).digest('hex')

interface CallOptions {
  readonly input?: Json
  readonly approvedInput?: Json
  readonly onApproval?: OnApproval
  readonly timeoutMs?: number
}

function call(like: ToolLike, options: CallOptions = {}): Promise<ToolResponse> {
  const { input = { amount: 5 }, approvedInput, onApproval, timeoutMs = 10_000 } = options
  const registry = new ToolRegistry()
  registry.register('pay', like)
  const message: ToolCallMessage = {
    type: 'tool.call',
    executionId: 'exe_1',
    callId: 'exe_1:1',
    tool: 'pay',
    input,
    context: { clientId: 'c1' },
    correlationId: 'cor_1',
    deadline: new Date(Date.now() + 60_000).toISOString(),
    ...(approvedInput !== undefined && { approval: { inputHash: hashOf(approvedInput), decidedBy: 'ada' } }),
  }
  const { signal } = new AbortController()
  return invokeTool(registry.get('pay')!, message, { signal, approval: onApproval && { onApproval, timeoutMs } })
}

/** Tool that counts its payments, and needs an approval as given. */
function payTool(requiresApproval: boolean | ((input: { amount: number }, facts: object) => never | boolean | object)) {
  const paid: number[] = []
  const pay = tool({
    inputSchema: z.object({ amount: z.number().max(1_000), currency: z.string().default('EUR') }),
    requiresApproval: requiresApproval as boolean,
    execute: ({ amount }) => {
      paid.push(amount)
      return { paid: amount }
    },
  })
  return { pay, paid }
}

describe('a call whose approval the executor asks for', () => {
  test.each([
    ['a tool that requires approvals', true, {}],
    ['a function that returns true', () => true, {}],
    ['a function that gives a reason', () => ({ reason: 'new payee' }), { reason: 'new payee' }],
    ['an asynchronous function', async () => ({ reason: 'late' }), { reason: 'late' }],
  ])('is not run by %s', async (_, requiresApproval, need) => {
    const { pay, paid } = payTool(requiresApproval)
    expect(await call(pay)).toEqual({ approvalRequired: true, ...need })
    expect(paid).toEqual([])
  })

  test('runs once the message proves that its input was approved', async () => {
    const { pay } = payTool(() => {
      throw new Error('the function is not called for an approved call')
    })
    expect(await call(pay, { approvedInput: { amount: 5 } })).toEqual({ ok: true, output: { paid: 5 } })
  })

  test('does not run by the approval of another input', async () => {
    const { pay, paid } = payTool(true)
    expect(await call(pay, { input: { amount: 900 }, approvedInput: { amount: 5 } })).toEqual({
      approvalRequired: true,
    })
    expect(paid).toEqual([])
  })

  test('is checked against the schema before its approval, and so is an edited input after it', async () => {
    const { pay } = payTool(true)
    const invalid = { ok: false, error: { code: 'TOOL_INPUT_INVALID' } }
    expect(await call(pay, { input: { amount: 2_000 } })).toMatchObject(invalid)
    expect(await call(pay, { input: { amount: 2_000 }, approvedInput: { amount: 2_000 } })).toMatchObject(invalid)
  })

  test('runs without an approval if the function does not ask for one, which gets the checked input and the call', async () => {
    const seen: unknown[] = []
    const { pay } = payTool((input, facts) => {
      seen.push(input, facts)
      return false
    })
    expect(await call(pay)).toEqual({ ok: true, output: { paid: 5 } })
    expect(seen).toMatchObject([
      { amount: 5, currency: 'EUR' },
      { callId: 'exe_1:1', context: { clientId: 'c1' } },
    ])
    expect(seen[1]).not.toHaveProperty('defer')
  })

  test.each([
    ['throws', () => Promise.reject(new Error('the rules are gone')), 'the rules are gone'],
    ['returns nothing', () => undefined, 'must return true, false or { reason'],
    ['returns a text', () => 'because', 'must return true, false or { reason'],
  ])('fails if the function %s', async (_, requiresApproval, message) => {
    const { pay, paid } = payTool(requiresApproval as never)
    const response = await call(pay)
    expect(response).toMatchObject({ ok: false, error: { message: expect.stringContaining(message) as string } })
    expect(paid).toEqual([])
  })
})

describe('a call about which the client decides', () => {
  test('runs when it is approved, and its answer has the decision', async () => {
    const { pay } = payTool(() => ({ reason: 'large' }))
    const seen: unknown[] = []
    const onApproval: OnApproval = (approval, facts) => {
      seen.push(approval, facts)
      return { approve: true, note: 'by phone' }
    }
    const decision = { decision: 'approve', note: 'by phone' }
    expect(await call(pay, { onApproval })).toEqual({ ok: true, output: { paid: 5 }, decision })
    const input = { amount: 5 }
    const approval = {
      callId: 'exe_1:1',
      tool: 'pay',
      input,
      inputHash: hashOf(input),
      reason: 'large',
      status: 'pending',
    }
    expect(seen).toMatchObject([approval, { context: { clientId: 'c1' } }])
  })

  test('runs with an edited input, which is checked', async () => {
    const { pay, paid } = payTool(true)
    const decision = { decision: 'approve', input: { amount: 3 } }
    expect(await call(pay, { onApproval: () => ({ approve: true, input: { amount: 3 } }) })).toEqual({
      ok: true,
      output: { paid: 3 },
      decision,
    })
    expect(await call(pay, { onApproval: () => ({ approve: true, input: { amount: 2_000 } }) })).toMatchObject({
      ok: false,
      error: { code: 'TOOL_INPUT_INVALID' },
    })
    expect(paid).toEqual([3])
  })

  test('does not run when it is rejected, or answered in place of the tool', async () => {
    const { pay, paid } = payTool(true)
    expect(await call(pay, { onApproval: () => ({ reject: 'fraud', end: true }) })).toMatchObject({
      ok: false,
      error: { code: 'TOOL_REJECTED', message: 'The call of pay was rejected: fraud', data: { reason: 'fraud' } },
      decision: { decision: 'reject', reason: 'fraud', end: true },
    })
    expect(await call(pay, { onApproval: () => ({ respond: false }) })).toEqual({
      ok: true,
      output: false,
      decision: { decision: 'respond', output: false },
    })
    expect(paid).toEqual([])
  })

  test.each([
    ['throws', () => Promise.reject(new Error(`no chat in ${import.meta.dirname}`)), 'onApproval failed: no chat in'],
    ['decides nothing', () => undefined, 'onApproval failed: A decision must be one of'],
    ['returns true', () => true, 'onApproval failed: A decision must be one of'],
  ])('is rejected with a reason when the function %s', async (_, onApproval, message) => {
    const { pay, paid } = payTool(true)
    const response = await call(pay, { onApproval: onApproval as never })
    expect(response).toMatchObject({ ok: false, error: { code: 'TOOL_REJECTED' }, decision: { decision: 'reject' } })
    expect(JSON.stringify(response)).toContain(message)
    expect(JSON.stringify(response)).not.toContain(import.meta.dirname)
    expect(handlerErrorOf(response as never)?.thrown).toBeInstanceOf(Error)
    expect(paid).toEqual([])
  })

  test('has the timeout of its tool from the approval on', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const started = Promise.withResolvers<Date>()
    const slow = tool({
      requiresApproval: true,
      execute: (_input, { deadline }) => {
        started.resolve(deadline)
        return new Promise(() => {})
      },
    })
    const answer = call(slow, {
      onApproval() {
        vi.advanceTimersByTime(1_000)
        return { approve: true }
      },
      timeoutMs: 20,
    })
    expect((await started.promise).getTime()).toBe(Date.now() + 20)
    vi.advanceTimersByTime(20)
    expect(await answer).toMatchObject({
      ok: false,
      error: { code: 'TOOL_TIMEOUT' },
      decision: { decision: 'approve' },
    })
  })
})

describe('a deferred answer', () => {
  test('is what the handler returns, and the call then has no output', async () => {
    expect(await call(tool({ outputSchema: z.string(), execute: (_, facts) => facts.defer() }))).toEqual({
      deferred: true,
    })
    expect(await call({ execute: async (_: unknown, { defer }) => defer() })).toEqual({ deferred: true })
  })

  test('is not given by a handler that returns something else', async () => {
    const forgetful = tool({
      execute: (_, facts) => {
        facts.defer()
        return 'done'
      },
    })
    expect(await call(forgetful)).toEqual({ ok: true, output: 'done' })
  })

  test('fails the call within another value, or for another call', async () => {
    const nested = await call({ execute: (_: unknown, facts) => ({ later: facts.defer() }) })
    expect(nested).toMatchObject({ ok: false })
    expect(JSON.stringify(nested)).toContain('Return call.defer() by itself')
    let kept: unknown
    await call({ execute: (_: unknown, facts) => (kept = facts.defer()) })
    const registry = new ToolRegistry()
    registry.register('t', () => kept)
    const message = { type: 'tool.call', tool: 't', input: {}, context: {}, correlationId: 'c' } as const
    const ids = { executionId: 'exe_1', callId: 'exe_1:2', deadline: new Date(Date.now() + 9_999).toISOString() }
    const { signal } = new AbortController()
    expect(JSON.stringify(await invokeTool(registry.get('t')!, { ...message, ...ids }, { signal }))).toContain(
      'exe_1:1',
    )
  })
})
