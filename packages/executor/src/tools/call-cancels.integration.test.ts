import type { ServerResponse } from 'node:http'

import type { ToolCancelMessage } from '@codemode/shared'
import { context } from '@opentelemetry/api'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'

import { createLogger } from '../log.ts'
import { CallCancels } from './call-cancels.ts'
import { createCallbackGuard } from './callback-guard.ts'
import { createCallbackTransport } from './callback-transport.ts'
import { TenantAgents } from './tenant-agents.ts'
import { outgoingCall, toolServer, type Received } from './tool-server.test-support.ts'

const token = 'a-token-of-the-client'
const typeOf = ({ text }: Received): string => (JSON.parse(text) as { type: string }).type

/** Starts a tool server that never answers a call, and answers each cancellation as the test decides. */
async function serverThat(answersCancel: (outgoing: ServerResponse, nth: number) => void) {
  let cancels = 0
  const called = Promise.withResolvers<void>()
  const server = await toolServer((outgoing, received) => {
    if (typeOf(received) === 'tool.call') called.resolve()
    else answersCancel(outgoing, ++cancels)
  })
  const ofType = (type: string) => server.received.filter((received) => typeOf(received) === type)
  return {
    url: server.url,
    called: called.promise,
    calls: () => ofType('tool.call'),
    cancels: () => ofType('tool.cancel'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function to(url: string, limits: { timeoutMs?: number; maxInFlight?: number } = {}) {
  const logged: string[] = []
  const guard = createCallbackGuard({ origins: [], allowLoopback: true })
  const agents = new TenantAgents({ createAgent: () => guard.createAgent() })
  onTestFinished(() => agents[Symbol.asyncDispose]())
  const logger = createLogger({ level: 'debug', to: { write: (line) => void logged.push(line) } })
  const cancels = new CallCancels({ agents, logger, ...limits })
  const callback = { url, token }
  const send = (n: number, tenant = 'acme') =>
    cancels.send({ callback, tenant, call: outgoingCall(n), reason: undefined, trace: context.active() })
  return {
    transport: createCallbackTransport({ callback, tenant: 'acme', agents, cancels, logger }),
    cancels,
    send,
    logged,
  }
}

/** Makes a call, aborts it once it has arrived, and resolves with its answer. */
async function cancelledCall(server: { url: string; called: Promise<void> }, reason?: unknown) {
  const { transport, ...rest } = to(server.url, { timeoutMs: 60_000 })
  const controller = new AbortController()
  const answer = transport.call(outgoingCall(), controller.signal)
  await server.called
  controller.abort(reason)
  return { ...rest, answer: await answer }
}

test('an aborted call is cancelled at its tool server, signed as the call, if it was sent', async () => {
  await using server = await serverThat((outgoing) => outgoing.end('{"ok":true}'))
  const { answer, cancels, logged } = await cancelledCall(server, new Error('nobody needs it'))
  expect(answer).toMatchObject({ ok: false, error: { code: 'TOOL_CANCELLED' } })
  await cancels.close({ withinMs: 60_000 })
  const [{ headers, text }] = server.cancels() as [Received]
  expect(JSON.parse(text)).toEqual({
    type: 'tool.cancel',
    executionId: 'exe_1',
    callId: 'exe_1:1',
    reason: 'nobody needs it',
  } satisfies ToolCancelMessage)
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    'webhook-id': 'exe_1:1',
    'x-correlation-id': 'cor_0123456789abcdef',
    'x-codemode-execution-id': 'exe_1',
  })
  new Webhook(token, { format: 'raw' }).verify(text, headers as Record<string, string>)
  expect(server.cancels()).toHaveLength(1)
  expect(logged).toEqual([])
})

test('a call that was answered, given up, or aborted before it was sent is not cancelled', async () => {
  let calls = 0
  await using server = await toolServer((outgoing) => {
    calls += 1
    if (calls <= 3) outgoing.destroy()
    else outgoing.writeHead(calls === 4 ? 200 : 500).end('{"ok":true,"output":1}')
  })
  const { transport, cancels } = to(server.url)
  const controller = new AbortController()
  const aborted = AbortSignal.abort()
  expect(await transport.call(outgoingCall(1), controller.signal)).toEqual({ ok: true, output: 1 })
  expect(await transport.call(outgoingCall(2), controller.signal)).toMatchObject({ ok: false })
  expect(await transport.call(outgoingCall(3), aborted)).toMatchObject({ error: { code: 'TOOL_CANCELLED' } })
  controller.abort()
  await cancels.close({ withinMs: 60_000 })
  expect(new Set(server.received.map(typeOf))).toEqual(new Set(['tool.call']))
})

test('a call that is aborted between two attempts is cancelled, because the first may have arrived', async () => {
  const controller = new AbortController()
  await using server = await toolServer((outgoing, received) => {
    if (typeOf(received) === 'tool.cancel') outgoing.end('{"ok":true}')
    else outgoing.once('close', () => controller.abort()).destroy()
  })
  const { transport, cancels } = to(server.url, { timeoutMs: 60_000 })
  await transport.call(outgoingCall(), controller.signal)
  await cancels.close({ withinMs: 60_000 })
  expect(server.received.map(typeOf)).toEqual(['tool.call', 'tool.cancel'])
})

test.each<[string, number, (outgoing: ServerResponse, nth: number) => void]>([
  ['a connection that breaks once', 2, (outgoing, nth) => (nth === 1 ? outgoing.destroy() : outgoing.end('{}'))],
  ['a connection that always breaks', 2, (outgoing) => outgoing.destroy()],
  ['400, as an older tool server answers', 1, (outgoing) => outgoing.writeHead(400).end('{"error":{}}')],
  ['a redirect', 1, (outgoing) => outgoing.writeHead(307, { location: '/elsewhere' }).end()],
  ['a failure', 1, (outgoing) => outgoing.writeHead(500).end()],
  ['an answer that never ends', 1, (outgoing) => void outgoing.writeHead(200).write('x'.repeat(100_000))],
])('%s makes %i requests in all, and fails nothing', async (_what, requests, answer) => {
  await using server = await serverThat(answer)
  const { cancels } = await cancelledCall(server)
  await cancels.close({ withinMs: 60_000 })
  expect(server.cancels()).toHaveLength(requests)
})

test('a tool server that accepts the cancellation and never answers is given up after two seconds', async () => {
  await using server = await serverThat(() => {})
  const timeout = new AbortController()
  const timer = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(timeout.signal)
  onTestFinished(() => timer.mockRestore())
  const { send, cancels, logged } = to(server.url)
  send(1)
  await expect.poll(() => server.cancels()).toHaveLength(1)
  timeout.abort(new DOMException('The time is over', 'TimeoutError'))
  await expect.poll(() => logged.join('')).toContain('TimeoutError')
  expect(timer.mock.calls).toEqual([[2_000]])
  await cancels.close({ withinMs: 60_000 })
})

test('close waits only for the given time, and later cancellations are not sent', async () => {
  await using server = await serverThat(() => {})
  const { send, cancels } = to(server.url, { timeoutMs: 60_000 })
  send(1)
  await vi.waitFor(() => expect(server.cancels()).toHaveLength(1), { timeout: 30_000 })
  await cancels.close({ withinMs: 1 })
  send(2)
  await cancels.close({ withinMs: 1 })
  expect(server.cancels()).toHaveLength(1)
})

test('each tenant has a bounded number of cancellations in flight, and does not delay another tenant', async () => {
  const held: ServerResponse[] = []
  await using server = await serverThat((outgoing) => void held.push(outgoing))
  const { send, cancels } = to(server.url, { maxInFlight: 3, timeoutMs: 60_000 })
  for (let n = 1; n <= 4; n++) send(n)
  send(5, 'other')
  const ids = () => server.cancels().map(({ headers }) => headers['webhook-id'])
  await vi.waitFor(() => expect(held).toHaveLength(4), { timeout: 30_000 })
  expect(new Set(ids())).toEqual(new Set(['exe_1:1', 'exe_1:2', 'exe_1:3', 'exe_1:5']))
  for (const outgoing of held) outgoing.end('{}')
  await vi.waitFor(() => expect(ids()).toContain('exe_1:4'), { timeout: 30_000 })
  held.at(-1)!.end('{}')
  await cancels.close({ withinMs: 60_000 })
})
