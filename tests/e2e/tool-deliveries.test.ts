import { newExecutionId } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { api, apiKey, type CallbackRequest, ToolHost, toolLatch } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { unlessStalled } from '../support/unless-stalled.ts'

const suite = useCodemode()

/** Starts a tool host with a tool that counts, and returns the executor's delivery of one call. */
async function delivered(): Promise<{ host: ToolHost; delivery: CallbackRequest; runs: () => number }> {
  let runs = 0
  const tools = { count: () => ++runs, bank: () => ++runs }
  const host = await ToolHost.start(suite.executor, { tools })
  expect(await host.codemode.executeAsync('return tools.count()', { availableTools: ['count'] })).toBe(1)
  return { host, delivery: host.deliveries[0]!, runs: () => runs }
}

test(
  'a call that is delivered again with a new signature gets the first answer and runs no handler',
  { tags: ['TL-6'] },
  async () => {
    const { host, delivery, runs } = await delivered()
    await using _ = host
    const again = await Promise.all([host.deliver(delivery), host.deliver(delivery)])
    for (const answer of again) expect(answer).toEqual({ status: 200, body: { ok: true, output: 1 } })
    expect(runs()).toBe(1)
  },
)

test('a repeat of a running call waits for the same answer', { tags: ['TL-6'] }, async () => {
  const { enter, arrived, open, signals } = toolLatch()
  await using host = await ToolHost.start(suite.executor, { tools: { slow: enter } })
  const running = host.codemode.executeAsync(`return tools.slow('once')`)
  await arrived()
  const repeat = host.deliver(host.deliveries[0]!)
  open()
  expect(await repeat).toEqual({ status: 200, body: { ok: true, output: 'once' } })
  expect(await running).toBe('once')
  expect(signals).toHaveLength(1)
})

test.each<[string, number, Parameters<ToolHost['deliver']>[1]]>([
  ['no token', 401, { authorization: '' }],
  ['another scheme', 401, { authorization: 'Basic Zm9vOmJhcg==' }],
  ['the API key as the token', 401, { token: apiKey }],
  ['a token without a signature', 401, { token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwidG9vbHMiOlsiYmFuayJdfQ.' }],
  ['no signature', 401, { headers: { 'webhook-signature': '' } }],
  ['no time of signing', 401, { headers: { 'webhook-timestamp': '' } }],
  ['a wrong signature', 401, { signingKey: 'another-key-than-the-token' }],
  ['a stale timestamp', 401, { sentAt: new Date(Date.now() - 600_000) }],
  ['a timestamp from the future', 401, { sentAt: new Date(Date.now() + 600_000) }],
  ['a tool that the token does not allow', 403, { message: { tool: 'bank' } }],
  ['the call id of another execution', 403, { message: { callId: `${newExecutionId()}:1` } }],
  ['another execution', 403, otherExecution()],
  ['a webhook id that differs from the call id', 403, { webhookId: 'exe_1:9' }],
])('the tool server refuses %s with %i', { tags: ['TL-3'] }, async (_what, status, change) => {
  const { host, delivery, runs } = await delivered()
  await using _ = host
  const refused = await host.deliver(delivery, change)
  expect(refused.status).toBe(status)
  expect(refused.body.error).toMatchObject({
    code: status === 401 ? 'UNAUTHORIZED' : 'FORBIDDEN',
    correlationId: expect.any(String),
  })
  expect(runs()).toBe(1)
  expect(await host.codemode.executeAsync('return tools.bank()')).toBe(2)
})

test('the tool server refuses a call of one execution with the token of another', { tags: ['TL-3'] }, async () => {
  const { host, delivery, runs } = await delivered()
  await using _ = host
  expect(await host.codemode.executeAsync('return tools.count()', { availableTools: ['count'] })).toBe(2)
  const foreign = host.deliveries[1]!
  const known = await host.deliver(delivery, { token: foreign.token })
  expect(known).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } })
  const further = { callId: delivery.callId.replace(/1$/, '2') }
  expect(await host.deliver(delivery, { token: foreign.token, message: further })).toMatchObject({ status: 403 })
  expect(await host.deliver(delivery, { signingKey: foreign.token })).toMatchObject({ status: 401 })
  expect(runs()).toBe(2)
})

test('the tool server refuses a token whose tools were changed', { tags: ['TL-3'] }, async () => {
  const { host, delivery, runs } = await delivered()
  await using _ = host
  const [head, payload, signature] = delivery.token.split('.')
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { tools: string[] }
  expect(claims.tools).toContain('count')
  const forged = Buffer.from(JSON.stringify({ ...claims, tools: [...claims.tools, 'bank'] })).toString('base64url')
  const token = `${head}.${forged}.${signature}`
  expect(await host.deliver(delivery, { token, message: { tool: 'bank' } })).toMatchObject({ status: 401 })
  expect(runs()).toBe(1)
})

test(
  "a broken connection is retried with the same call id, and the tool's handler runs only once",
  { tags: ['TL-6'] },
  async () => {
    let broken = 0
    let runs = 0
    const ids: unknown[] = []
    await using host = await ToolHost.start(suite.executor, {
      tools: { count: () => ++runs },
      breaks(request) {
        ids.push(request.headers['webhook-id'])
        broken += 1
        return broken <= 2
      },
    })
    const result = await host.codemode.run('return tools.count()')
    expect(result).toMatchObject({ success: true, result: 1, toolCalls: [{ status: 'completed' }] })
    expect(ids).toEqual(Array.from({ length: 3 }, () => `${result.executionId}:1`))
    expect(runs).toBe(1)
  },
)

test(
  'a connection that breaks while the handler runs is retried, and the next one gets the same answer',
  { tags: ['TL-6'] },
  async () => {
    // A call that no attempt reaches for a second is given up by its tool server.
    const { result, callIds, aborted } = await unlessStalled(400, async () => {
      const { enter, arrived, open, signals } = toolLatch()
      await using host = await ToolHost.start(suite.executor, { tools: { slow: enter } })
      const running = host.codemode.run(`return tools.slow('once')`)
      await arrived()
      for (const tries of [1, 2]) {
        host.deliveries[tries - 1]!.reset()
        await expect.poll(() => host.deliveries.length, { interval: 10, timeout: 20_000 }).toBe(tries + 1)
      }
      open()
      const result = await running
      return {
        result,
        callIds: new Set(host.deliveries.map(({ callId }) => callId)),
        aborted: signals.map((signal) => signal.aborted),
      }
    })
    expect(result).toMatchObject({ success: true, result: 'once', toolCalls: [{ status: 'completed' }] })
    expect(callIds.size).toBe(1)
    expect(aborted).toEqual([false])
  },
)

test(
  'an unreachable tool server fails the call with TOOL_UNAVAILABLE, whose message does not name it',
  { tags: ['TL-6'] },
  async () => {
    await using host = await ToolHost.start(suite.executor, { tools: { gone: () => 1 }, breaks: () => true })
    const code = 'return tools.gone().catch(({ code, message, retryable }) => ({ code, message, retryable }))'
    expect(await host.codemode.executeAsync(code)).toEqual({
      code: 'TOOL_UNAVAILABLE',
      message: 'The tool "gone" is unavailable: its server gave no valid answer.',
      retryable: true,
    })
  },
)

describe('answers over tool-results', () => {
  test('accept only the open calls of a streaming execution, each once', { tags: ['TL-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    suite.codemode.registerTool('asked', enter, { overwrite: true })
    const execution = await suite.codemode.submit(`return tools.asked('right')`, { availableTools: ['asked'] })
    await arrived()
    const answerTo = async (callId: string, path = execution.id) =>
      await api(suite.executor, `/v1/executions/${path}/tool-results`, {
        body: { results: [{ callId, answer: { ok: true, output: 'forged' } }] },
      })
    for (const callId of [
      `${execution.id}:2`,
      `${execution.id}:0`,
      `${execution.id}:01`,
      '1',
      `${newExecutionId()}:1`,
    ]) {
      expect(await answerTo(callId)).toMatchObject({ status: 200, body: { accepted: [] } })
    }
    expect(await answerTo(`${execution.id}:1`, newExecutionId())).toMatchObject({ status: 404 })
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 'right' })
    expect(await answerTo(`${execution.id}:1`)).toMatchObject({ status: 200, body: { accepted: [] } })
  })

  test('are refused for an execution with a callback', { tags: ['TL-3'] }, async () => {
    const { enter, arrived, open } = toolLatch()
    await using host = await ToolHost.start(suite.executor, { tools: { asked: enter } })
    const execution = await host.codemode.submit(`return tools.asked('right')`)
    await arrived()
    const answered = await api(suite.executor, `/v1/executions/${execution.id}/tool-results`, {
      body: { results: [{ callId: `${execution.id}:1`, answer: { ok: true, output: 'forged' } }] },
    })
    expect(answered).toMatchObject({ status: 200, body: { accepted: [] } })
    open()
    expect(await execution.wait()).toMatchObject({ success: true, result: 'right' })
  })
})

function otherExecution(): Parameters<ToolHost['deliver']>[1] {
  const executionId = newExecutionId()
  return { message: { executionId, callId: `${executionId}:1` } }
}
