/** Tests gateways that end idle requests, before the executor and before a tool server. */
import { describe, expect, onTestFinished, test } from 'vitest'

import type { Codemode, ExecuteOptions, ExecutionResult } from '@codemode/client'
import { newExecutionId } from '@codemode/shared'

import { api, apiKey, connect, type Ending, freePort, startExecutor, startIdleTimeoutGateway } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { unlessStalled } from '../support/unless-stalled.ts'

const suite = useCodemode()
const idleTimeoutMs = 200
const retry = { maxAttempts: 3, backoffBaseMs: 1 }

const methods = {
  run: (client: Codemode, code: string, options?: ExecuteOptions) => client.run(code, options),
  submit: async (client: Codemode, code: string, options?: ExecuteOptions) =>
    (await client.submit(code, options)).wait(),
  executeAll: async (client: Codemode, code: string, options?: ExecuteOptions) =>
    (await client.executeAll([code], options))[0] as ExecutionResult,
}
const endings: Ending[] = ['status', 'close', 'end']

/**
 * Starts a client behind a gateway that ends idle requests, with a tool that answers after `cuts` of them were ended.
 */
async function behindGateway(ending: Ending, { isCalledBack = false, cuts = 9 } = {}) {
  const gateway = await startIdleTimeoutGateway(suite.executor, { idleTimeoutMs, ending })
  const runs: string[] = []
  const wait_for_cuts = async (input: unknown, { callId }: { callId: string }) => {
    runs.push(callId)
    await gateway.hasCut(cuts)
    return input
  }
  const client = connect(gateway, { ...(isCalledBack && { toolServer: { port: 0 } }), retry, tools: { wait_for_cuts } })
  onTestFinished(() => client.close().then(() => gateway[Symbol.asyncDispose]()))
  return { gateway, client, runs }
}

describe.each(endings)('behind a gateway that ends idle requests by %s', (ending) => {
  test('an execution that sleeps gives its result', { tags: ['RT-1', 'RT-2'] }, async () => {
    await Promise.all(
      Object.values(methods).map(async (method) => {
        const { gateway, client } = await behindGateway(ending)
        let cuts = 0
        // On a machine that stands still for a moment the guest may wake before a cut.
        for (let ms = 2_000; cuts < retry.maxAttempts; ms *= 2) {
          const before = gateway.cuts
          const result = await method(client, `await sleep(${ms}); return 4`)
          expect('error' in result && result.error).toBe(false)
          expect(result).toMatchObject({ success: true, result: 4 })
          cuts = gateway.cuts - before
        }
      }),
    )
  })

  test(
    'an execution with a running tool gives its result, and the tool runs once',
    { tags: ['RT-1', 'RT-2'] },
    async () => {
      const usages = [
        { isCalledBack: false, method: methods.run },
        { isCalledBack: true, method: methods.run },
        { isCalledBack: true, method: methods.submit },
      ]
      await Promise.all(
        usages.map(async ({ isCalledBack, method }) => {
          const { gateway, client, runs } = await behindGateway(ending, { isCalledBack })
          const result = await method(client, 'return tools.wait_for_cuts(4)')
          expect(result).toMatchObject({ success: true, result: 4, toolCalls: [{ status: 'completed' }] })
          expect(gateway.cuts).toBeGreaterThanOrEqual(9)
          expect(runs).toEqual([`${result.executionId}:1`])
        }),
      )
    },
  )
})

test('retry: false suffices, because an ended idle request is not a failed attempt', { tags: ['RT-1'] }, async () => {
  const gateway = await startIdleTimeoutGateway(suite.executor, { idleTimeoutMs: 1_000, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  await using client = connect(gateway, { retry: false, tools: { wait_for_cuts: () => gateway.hasCut(3) } })
  expect(await client.executeAsync('await tools.wait_for_cuts(); return 4')).toBe(4)
  expect(await client.executeAsync('await sleep(1_500); return 5')).toBe(5)
})

test('the request timeout ends a request that a gateway repeatedly interrupts', { tags: ['RT-3'] }, async () => {
  const gateway = await startIdleTimeoutGateway(suite.executor, { idleTimeoutMs, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const timeouts = { requestTimeoutMs: 800, executionTimeoutMs: 700, queueTimeoutMs: 700, connectTimeoutMs: 700 }
  await using client = connect(gateway, {
    retry,
    ...timeouts,
    tools: { wait_for_cuts: () => gateway.hasCut(Infinity) },
  })
  const failure = client.executeAsync('return tools.wait_for_cuts()')
  await expect(failure).rejects.toMatchObject({
    code: expect.stringMatching(/^(EXECUTION|REQUEST)_TIMEOUT$/) as string,
  })
})

test('an ended idle request is not reported as a retry, and a broken one is', { tags: ['RT-1'] }, async () => {
  // Far longer than the half second after which the end of a stream is attributed to its idleness.
  const gateway = await startIdleTimeoutGateway(suite.executor, { idleTimeoutMs: 1_500, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const retries: unknown[] = []
  await using client = connect(gateway, { retry, tools: { wait_for_cuts: () => gateway.hasCut(2) } })
  client.on('retry', (event) => retries.push(event))
  expect(await client.executeAsync('await tools.wait_for_cuts(); return 4')).toBe(4)
  expect(retries).toEqual([])
})

/** Runs one call through a gateway before the tool server, and returns how often its handler ran. */
async function callBehind(ending: Ending): Promise<{ value: unknown; runs: number }> {
  const port = await freePort()
  await using gateway = await startIdleTimeoutGateway({ url: `http://127.0.0.1:${port}` }, { idleTimeoutMs, ending })
  let runs = 0
  const wait_for_cuts = async (input: unknown, { signal }: { signal: AbortSignal }) => {
    runs += 1
    // More than the attempts for a tool server that is unreachable.
    await gateway.hasCut(9)
    return [input, signal.aborted]
  }
  await using client = connect(suite.executor, { toolServer: { port, url: gateway.url }, tools: { wait_for_cuts } })
  return { value: await client.executeAsync('return tools.wait_for_cuts(4)'), runs }
}

test('a gateway that ends quiet deliveries does not end the handler, which runs once', { tags: ['TL-6'] }, async () => {
  // A call that no attempt reaches for a second is given up by its tool server.
  const calls = await unlessStalled(400, () => Promise.all([callBehind('status'), callBehind('close')]))
  expect(calls).toEqual([
    { value: [4, false], runs: 1 },
    { value: [4, false], runs: 1 },
  ])
})

test(
  'an answer that is not ready yet sends heartbeats, so that no gateway ends it as an idle connection',
  { tags: ['RT-1'] },
  async () => {
    await using executor = await startExecutor({ heartbeatMs: 100 })
    const id = newExecutionId()
    const response = await fetch(`${executor.url}/v1/executions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id, code: 'await sleep(20_000)' }),
    })
    let text = ''
    let isCancelled = false
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      if (text.length >= 3 && !isCancelled) {
        isCancelled = true
        await api(executor, `/v1/executions/${id}/cancel`, { body: {} })
      }
    }
    expect(text).toMatch(/^\n{3}/)
    expect(JSON.parse(text)).toMatchObject({ executionId: id, success: false, error: { code: 'CANCELLED' } })
  },
)
