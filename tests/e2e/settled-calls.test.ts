/** Tests that calls that a proxy delayed do not start when they have already settled. */
import { once } from 'node:events'
import { createServer } from 'node:http'

import { describe, expect, onTestFinished, test } from 'vitest'

import {
  api,
  connect,
  freePort,
  listenLocally,
  startHoldingProxy,
  startShiftingProxy,
  startTinyProxy,
  toolLatch,
} from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

/** Starts a client behind a proxy that holds its event streams, with tools that record their calls. */
async function held(executor: { readonly url: string }) {
  const proxy = await startHoldingProxy(executor)
  const ran: string[] = []
  const note = (input: unknown, { callId }: { callId: string }) => {
    ran.push(callId)
    return input
  }
  const client = connect(proxy, {
    tools: { pay: { timeoutMs: 50, execute: note }, done: note },
  })
  onTestFinished(() => client.close().then(() => proxy[Symbol.asyncDispose]()))
  return { proxy, client, ran }
}

const timesOut = `return tools.pay({}).catch(({ code }) => code)`

describe('over a proxy that buffers the stream', () => {
  test.each([
    ['has timed out', timesOut, 'TOOL_TIMEOUT'],
    ['the code has not awaited', `tools.done({}).catch(() => {}); await sleep(1); return 'gone'`, 'gone'],
    [
      'arrives in many chunks',
      `const pad = 'x'.repeat(500_000)
       const codes = await Promise.all([1, 2, 3].map((n) => tools.pay({ n, pad }).catch(({ code }) => code)))
       return codes.join()`,
      'TOOL_TIMEOUT,TOOL_TIMEOUT,TOOL_TIMEOUT',
    ],
    ['belongs to an execution that has failed', `tools.done({}); await sleep(1); throw new Error('over')`, undefined],
  ])('a call that %s does not start', { tags: ['TL-5', 'RT-3'] }, async (_, code, value) => {
    const { proxy, client, ran } = await held(suite.executor)
    const running = client.run(code)
    await proxy.holds('event: finished')
    proxy.open()
    expect(await running).toMatchObject(value === undefined ? { success: false } : { success: true, result: value })
    expect(ran).toEqual([])
  })

  test(
    'a call that is settled while its end is held back does not start, and the next call does',
    { tags: ['TL-5', 'RT-3'] },
    async () => {
      const { proxy, client, ran } = await held(suite.executor)
      const running = client.run(`${timesOut}.then((code) => tools.done(code))`)
      await proxy.holds('event: tool.settled')
      proxy.release('event: tool.called')
      await proxy.holds('"tool":"done"')
      proxy.open()
      const { executionId } = expectSuccess(await running, 'TOOL_TIMEOUT')
      expect(ran).toEqual([`${executionId}:2`])
    },
  )

  test('a call of an execution that was cancelled meanwhile does not start', { tags: ['EX-9'] }, async () => {
    for (const cancels of ['the client', 'somebody else'] as const) {
      const { proxy, client, ran } = await held(suite.executor)
      const pending = client.submit('await tools.done({})')
      await proxy.holds('event: started')
      proxy.release('event: started')
      const execution = await pending
      await proxy.holds('event: tool.called')
      if (cancels === 'the client') await execution.cancel()
      else await api(suite.executor, `/v1/executions/${execution.id}/cancel`, { body: {} })
      await proxy.holds('event: finished')
      // The client knows of its own cancellation although only the call has arrived.
      proxy.release(cancels === 'the client' ? 'event: tool.called' : undefined)
      proxy.open()
      expect(await execution.wait()).toMatchObject({ success: false, error: { code: 'CANCELLED' } })
      expect(ran).toEqual([])
    }
  })

  test('each execution of a batch starts only its open calls', { tags: ['TL-5'] }, async () => {
    const { proxy, client, ran } = await held(suite.executor)
    const running = client.executeAll([timesOut])
    await proxy.holds('event: finished')
    proxy.open()
    expect(await running).toMatchObject([{ success: true, result: 'TOOL_TIMEOUT' }])
    expect(await client.executeAsync(`return tools.done('now')`)).toBe('now')
    expect(ran).toHaveLength(1)
  })

  test.each([3_600_000, -3_600_000])(
    'a settled call does not start with an executor clock %i ms ahead',
    { tags: ['RT-3'] },
    async (aheadMs) => {
      const shifting = await startShiftingProxy(suite.executor, aheadMs)
      onTestFinished(() => shifting[Symbol.asyncDispose]())
      const { proxy, client, ran } = await held(shifting)
      const running = client.run(`${timesOut}.then((code) => tools.done(code))`)
      await proxy.holds('event: tool.settled')
      proxy.release('event: tool.called')
      await proxy.holds('"tool":"done"')
      proxy.open()
      const { executionId } = expectSuccess(await running, 'TOOL_TIMEOUT')
      expect(ran).toEqual([`${executionId}:2`])
    },
  )

  test(
    'a call that was settled before its stream was resumed does not start afterwards',
    { tags: ['TL-5', 'RT-2'] },
    async () => {
      const { proxy, client, ran } = await heldAfterCut()
      const running = client.run(`${timesOut}.then((code) => tools.done(code))`)
      await proxy.holds('"tool":"done"')
      proxy.open()
      const { executionId } = expectSuccess(await running, 'TOOL_TIMEOUT')
      expect(ran).toEqual([`${executionId}:2`])
    },
  )
})

/** Starts a client behind a proxy whose first stream breaks at once, so that all events arrive when it resumes. */
async function heldAfterCut(): Promise<Awaited<ReturnType<typeof held>>> {
  let cuts = 0
  const cutting = await startTinyProxy(suite.executor, ({ response }, answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    response.flushHeaders()
    if (String(answer.headers['content-type']).startsWith('text/event-stream') && cuts++ === 0) response.destroy()
    else answer.pipe(response)
  })
  onTestFinished(() => cutting[Symbol.asyncDispose]())
  return held(cutting)
}

function expectSuccess(result: Awaited<ReturnType<HeldClient['run']>>, value: unknown) {
  expect(result).toMatchObject({ success: true, result: value })
  return result
}

type HeldClient = Awaited<ReturnType<typeof held>>['client']

interface Delivery {
  readonly headers: Record<string, string>
  readonly body: string
}

/**
 * Starts a client whose tool server receives no call of `pay` directly: `deliver` sends it what the executor sent, byte for
 * byte. Its tool `end` answers when `open` is called.
 */
async function intercepted() {
  const sent: Delivery[] = []
  const send = async ({ headers, body }: Delivery) => {
    const { host: _, connection: __, ...rest } = headers
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: rest, body })
    return { status: response.status, body: (await response.json()) as { error?: { code: string } } }
  }
  const interceptor = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const delivery = { headers: request.headers as Record<string, string>, body }
      if ((JSON.parse(body) as { tool?: string }).tool !== 'end') sent.push(delivery)
      else void send(delivery).then((answer) => response.end(JSON.stringify(answer.body)))
    })
    void once(response, 'close')
  })
  const local = await listenLocally(interceptor)
  const port = await freePort()
  const ran: unknown[] = []
  const pay = (input: unknown) => ran.push(input)
  const { enter: end, open } = toolLatch()
  const client = connect(suite.executor, { toolServer: { port, url: local.url }, tools: { pay, end } })
  onTestFinished(() => client.close().then(() => local[Symbol.asyncDispose]()))
  return {
    client,
    ran,
    arrived: () => expect.poll(() => sent.length, { interval: 5 }).toBeGreaterThan(0),
    open,
    deliver: () => send(sent[0]!),
  }
}

describe('over callbacks', () => {
  test(
    'a delivery that arrives after its deadline starts nothing, and its answer says so',
    { tags: ['TL-5', 'RT-3'] },
    async () => {
      const { client, ran, arrived, deliver } = await intercepted()
      const execution = await client.submit(
        `const code = await tools.pay({}).catch(({ code }) => code)
      console.log(code)
      await sleep(60_000)`,
        { toolTimeoutMs: 3_000, executionTimeoutMs: 120_000 },
      )
      for await (const event of execution.events()) if (event.type === 'log') break
      await arrived()
      expect(await deliver()).toMatchObject({ status: 200, body: { ok: false, error: { code: 'TOOL_TIMEOUT' } } })
      expect(ran).toEqual([])
      await execution.cancel()
    },
  )

  test.each(['has ended', 'was cancelled by its handle', 'was cancelled by its signal'])(
    'a delivery for an execution that %s starts nothing, and its answer says so',
    { tags: ['EX-9'] },
    async (what) => {
      const { client, ran, arrived, open, deliver } = await intercepted()
      const stop = new AbortController()
      const code =
        what === 'has ended' ? `tools.pay({}).catch(() => {}); await tools.end({}); return 1` : 'return tools.pay({})'
      const execution = await client.submit(code, { signal: stop.signal })
      await arrived()
      open()
      if (what.endsWith('handle')) await execution.cancel()
      if (what.endsWith('signal')) stop.abort()
      const ended = execution.wait().catch(() => {})
      if (what === 'has ended') await ended
      expect(await deliver()).toMatchObject({ status: 200, body: { ok: false, error: { code: 'TOOL_CANCELLED' } } })
      expect(ran).toEqual([])
      await ended
    },
  )

  test('a delivery that arrives late, but before its deadline, starts', { tags: ['TL-5'] }, async () => {
    const { client, ran, arrived, deliver } = await intercepted()
    const execution = await client.submit('return tools.pay({})')
    await arrived()
    expect(await deliver()).toMatchObject({ status: 200, body: { ok: true } })
    expect(ran).toHaveLength(1)
    await execution.cancel()
  })
})
