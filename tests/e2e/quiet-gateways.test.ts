/** Gateways that end requests in which nothing is said, before the executor and before a tool server. */
import { describe, expect, onTestFinished, test } from 'vitest'

import type { Codemode, ExecuteOptions, ExecutionResult } from '@codemode/client'

import { connect } from '../support/executor.ts'
import { freePort } from '../support/free-port.ts'
import { startQuietGateway, type Ending } from '../support/quiet-gateway.ts'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const quietMs = 120
const retry = { maxAttempts: 2, backoffBaseMs: 1 }

const methods = {
  run: (client: Codemode, code: string, options?: ExecuteOptions) => client.run(code, options),
  submit: async (client: Codemode, code: string, options?: ExecuteOptions) =>
    (await client.submit(code, options)).wait(),
  executeAll: async (client: Codemode, code: string, options?: ExecuteOptions) =>
    (await client.executeAll([code], options))[0] as ExecutionResult,
}
const endings: Ending[] = ['status', 'close', 'end']

/** A client behind a gateway that ends quiet requests, with a tool that answers when so many have been ended. */
async function behindGateway(ending: Ending, { isCalledBack = false, cuts = 12 } = {}) {
  const gateway = await startQuietGateway(suite.executor, { quietMs, ending })
  let runs = 0
  const patient = async (input: unknown) => {
    runs += 1
    await gateway.hasCut(cuts)
    return input
  }
  const retries: unknown[] = []
  const config = isCalledBack ? { toolServer: { port: 0 } } : {}
  const client = connect(gateway, { ...config, retry, tools: { patient } })
  client.on('retry', (event) => retries.push(event))
  onTestFinished(() => client.close().then(() => gateway[Symbol.asyncDispose]()))
  return { gateway, client, retries, runs: () => runs }
}

describe.each(endings)('RT-1, RT-2: a gateway that ends quiet requests by %s', (ending) => {
  test.each(Object.entries(methods))('notices nothing of an execution that sleeps (%s)', async (_, method) => {
    const { gateway, client } = await behindGateway(ending)
    const result = await method(client, 'await sleep(1_500); return 4')
    expect(result).toMatchObject({ success: true, result: 4, usage: { replays: 0 } })
    expect(gateway.cuts).toBeGreaterThan(retry.maxAttempts)
  })

  test.each([
    ['run', 'stream', methods.run],
    ['run', 'callback', methods.run],
    ['submit', 'callback', methods.submit],
  ] as const)('is survived with a tool under way (%s, by %s)', async (_, transport, method) => {
    const isCalledBack = transport === 'callback'
    const { gateway, client, runs } = await behindGateway(ending, { isCalledBack })
    const result = await method(client, `return tools.patient(4)`)
    expect(result).toMatchObject({ success: true, result: 4, toolCalls: [{ status: 'completed' }] })
    expect(gateway.cuts).toBeGreaterThanOrEqual(12)
    expect(runs()).toBe(1)
  })
})

test('RT-1: one attempt is enough, because a quiet request that ends is no failed attempt', async () => {
  const gateway = await startQuietGateway(suite.executor, { quietMs, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  await using client = connect(gateway, { retry: false, tools: { patient: () => gateway.hasCut(5) } })
  expect(await client.executeAsync('await tools.patient(); return 4')).toBe(4)
  expect(await client.executeAsync('await sleep(300); return 5')).toBe(5)
})

test('RT-1: a gateway that lets no stream through at all delivers the result all the same', async () => {
  const ends = (path: string) => path.endsWith('/events') || path === '/v1/executions'
  const gateway = await startQuietGateway(suite.executor, { quietMs, ending: 'status', ends })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  await using client = connect(gateway, { retry })
  const execution = await client.submit('await sleep(800); return 4')
  expect(await execution.wait()).toMatchObject({ success: true, result: 4 })
})

test("RT-3: the request's clock ends what a gateway keeps interrupting", async () => {
  const gateway = await startQuietGateway(suite.executor, { quietMs, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const clocks = { requestTimeoutMs: 800, executionTimeoutMs: 700, queueTimeoutMs: 700, connectTimeoutMs: 700 }
  await using client = connect(gateway, { retry, ...clocks, tools: { patient: () => gateway.hasCut(Infinity) } })
  const failure = client.executeAsync('return tools.patient()')
  await expect(failure).rejects.toMatchObject({
    code: expect.stringMatching(/^(EXECUTION|REQUEST)_TIMEOUT$/) as string,
  })
})

test('RT-1: quiet requests that end are no failures to be told of, and broken ones are', async () => {
  const gateway = await startQuietGateway(suite.executor, { quietMs: 600, ending: 'close' })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const retries: unknown[] = []
  await using client = connect(gateway, { retry, tools: { patient: () => gateway.hasCut(4) } })
  client.on('retry', (event) => retries.push(event))
  expect(await client.executeAsync('await tools.patient(); return 4')).toBe(4)
  expect(retries).toEqual([])
})

describe('before a tool server', () => {
  test.each(['status', 'close'] as const)(
    'TL-6: a gateway that ends quiet deliveries by %s does not end the handler, which runs once',
    async (ending) => {
      const port = await freePort()
      const gateway = await startQuietGateway({ url: `http://127.0.0.1:${port}` }, { quietMs: 200, ending })
      onTestFinished(() => gateway[Symbol.asyncDispose]())
      let runs = 0
      const patient = async (input: unknown, { signal }: { signal: AbortSignal }) => {
        runs += 1
        // More than the attempts for a tool server that is gone.
        await gateway.hasCut(9)
        return [input, signal.aborted]
      }
      await using client = connect(suite.executor, { toolServer: { port, url: gateway.url }, tools: { patient } })
      expect(await client.executeAsync('return tools.patient(4)')).toEqual([4, false])
      expect(runs).toBe(1)
    },
  )
})
