import { hash } from 'node:crypto'

import { errorBodySchema, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'

import type { ToolServerConfig } from '../config/schema.ts'
import { ToolServer } from './tool-server.ts'

const secret = 's'.repeat(32)
const executionId = 'exe_1'
const scope = { tools: ['weather'], isBound: false }

interface Served {
  message: ToolCallMessage
  signal: AbortSignal
}

const onError = (error: unknown): never => expect.unreachable(String(error))

function serverOf(
  answer: (served: Served) => Promise<ToolAnswer> = () => Promise.resolve({ ok: true, output: 1 }),
  config: ToolServerConfig = { url: 'http://127.0.0.1:9/tools', secret },
) {
  const served: Served[] = []
  const serve = (message: ToolCallMessage, signal: AbortSignal) => {
    served.push({ message, signal })
    return answer({ message, signal })
  }
  const conflicts: string[] = []
  const onConflict = (_: ToolCallMessage, conflict: Error) => void conflicts.push(conflict.message)
  return { server: new ToolServer({ config, serve, onConflict, onError }), served, conflicts }
}

interface CallbackRequest {
  token: string
  message?: Partial<ToolCallMessage>
  id?: string
  key?: string
  sentAt?: Date
  url?: string
  signal?: AbortSignal
  extra?: Record<string, string>
}

function requestOf({
  token,
  message = {},
  id,
  key,
  sentAt = new Date(),
  url,
  signal,
  extra,
}: CallbackRequest): Request {
  const whole = {
    type: 'tool.call',
    executionId,
    callId: 'exe_1:1',
    tool: 'weather',
    input: {},
    context: {},
    correlationId: 'cor_1',
    deadline: new Date(Date.now() + 1e4).toISOString(),
    ...message,
  }
  const body = JSON.stringify(whole)
  const webhookId = id ?? whole.callId
  return new Request(url ?? 'http://127.0.0.1:9/tools', {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${token}`,
      'webhook-id': webhookId,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': new Webhook(key ?? token, { format: 'raw' }).sign(webhookId, sentAt, body),
      ...extra,
    },
    ...(signal && { signal }),
  })
}

const seconds = (fromNow: number) => String(Math.floor(Date.now() / 1000) + fromNow)

const tokenOf = async (server: ToolServer, lifetimeMs = 10_000) =>
  (await server.callbackFor(executionId, scope, lifetimeMs)).token

test('the server answers a signed call with 200, also when the tool fails', async () => {
  const failure: ToolAnswer = { ok: false, error: { message: 'no', code: 'NO' } }
  const { server, served } = serverOf(() => Promise.resolve(failure))
  const message = { input: { city: 'Oslo' }, context: { clientId: 'c1' } }
  const response = await server.handle(requestOf({ token: await tokenOf(server), message }))
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual(failure)
  expect(served[0]?.message).toMatchObject(message)
})

test('the server passes on whether only this process can serve the tools of a token', async () => {
  const seen: boolean[] = []
  const config = { url: 'http://127.0.0.1:9/tools', secret }
  const callTool = async (
    _: ToolCallMessage,
    __: AbortSignal,
    { isBound }: { isBound: boolean },
  ): Promise<ToolAnswer> => {
    seen.push(isBound)
    return { ok: true, output: 1 }
  }
  for (const isBound of [true, false]) {
    const maker = new ToolServer({ config, serve: callTool, onConflict, onError })
    const other = new ToolServer({ config, serve: callTool, onConflict, onError })
    const { token } = await maker.callbackFor(executionId, { ...scope, isBound }, 10_000)
    expect((await other.handle(requestOf({ token }))).status).toBe(200)
  }
  expect(seen).toEqual([true, false])
})

test.each<[string, number, (token: string) => CallbackRequest]>([
  ['no token', 401, (token) => ({ token, extra: { authorization: '' } })],
  ['a token of another server', 401, () => ({ token: 'e30.e30.e30' })],
  ['no signature', 401, (token) => ({ token, extra: { 'webhook-signature': '' } })],
  ['a signature without a time', 401, (token) => ({ token, extra: { 'webhook-timestamp': '' } })],
  ['a signature of another version', 401, (token) => ({ token, extra: { 'webhook-signature': 'v2,c2lnbmF0dXJl' } })],
  ['an unsigned time', 401, (token) => ({ token, extra: { 'webhook-timestamp': seconds(-1) } })],
  ['a signature that is not base64', 401, (token) => ({ token, extra: { 'webhook-signature': 'v1' } })],
  ['a wrong signature', 401, (token) => ({ token, key: 'another-key' })],
  ['an old signature', 401, (token) => ({ token, sentAt: new Date(Date.now() - 301_000) })],
  ['a signature from the future', 401, (token) => ({ token, sentAt: new Date(Date.now() + 302_000) })],
  ['another execution', 403, (token) => ({ token, message: { executionId: 'exe_2', callId: 'exe_2:1' } })],
  ['a call of another execution', 403, (token) => ({ token, message: { callId: 'exe_2:1' } })],
  ['a call id that differs from the webhook id', 403, (token) => ({ token, id: 'exe_1:2' })],
  ['a tool that the token does not allow', 403, (token) => ({ token, message: { tool: 'bank' } })],
  ['a message of another type', 400, (token) => ({ token, message: { type: 'other' as never } })],
])('the server refuses %s with %i and an error body', async (_, status, delivery) => {
  const { server, served } = serverOf()
  const response = await server.handle(requestOf(delivery(await tokenOf(server))))
  expect(response.status).toBe(status)
  expect(errorBodySchema.safeParse(await response.json()).success).toBe(true)
  expect(served).toHaveLength(0)
})

/** Returns the cancellation of a call as a request. */
function cancelOf({ message, ...delivery }: CallbackRequest): Request {
  const noCall = {
    tool: undefined,
    input: undefined,
    context: undefined,
    deadline: undefined,
    correlationId: undefined,
  }
  return requestOf({ ...delivery, message: { ...noCall, type: 'tool.cancel', ...message } as never })
}

test.each<[string, number, (token: string) => CallbackRequest]>([
  ['no token', 401, (token) => ({ token, extra: { authorization: '' } })],
  ['a token of another server', 401, () => ({ token: 'e30.e30.e30' })],
  ['no signature', 401, (token) => ({ token, extra: { 'webhook-signature': '' } })],
  ['a wrong signature', 401, (token) => ({ token, key: 'another-key' })],
  ['an old signature', 401, (token) => ({ token, sentAt: new Date(Date.now() - 301_000) })],
  ['a signature from the future', 401, (token) => ({ token, sentAt: new Date(Date.now() + 302_000) })],
  ['another execution', 403, (token) => ({ token, message: { executionId: 'exe_2', callId: 'exe_2:1' } })],
  ['a call of another execution', 403, (token) => ({ token, message: { callId: 'exe_2:1' } })],
  [
    'a call of another execution, without the execution',
    403,
    (token) => ({ token, message: { executionId: undefined as never, callId: 'exe_2:1' } }),
  ],
  ['the token of another execution', 403, (token) => ({ token, message: { executionId: 'exe_2' } })],
  ['a call id that differs from the webhook id', 403, (token) => ({ token, id: 'exe_1:2' })],
  ['an invalid call id', 403, (token) => ({ token, message: { callId: 'exe_1:0' } })],
  ['no call id', 400, (token) => ({ token, id: 'exe_1:1', message: { callId: undefined as never } })],
  ['a reason that is not text', 400, (token) => ({ token, message: { reason: 5 } as never })],
])('the server refuses a cancellation with %s with %i, and the call continues', async (_, status, delivery) => {
  const { answers, finish } = gated()
  const { server, served } = serverOf(() => answers)
  const token = await tokenOf(server)
  const called = server.handle(requestOf({ token }))
  await vi.waitFor(() => expect(served).toHaveLength(1), { timeout: 30_000 })
  const refused = await server.handle(cancelOf(delivery(token)))
  expect(refused.status).toBe(status)
  expect(errorBodySchema.safeParse(await refused.json()).success).toBe(true)
  finish()
  expect(await (await called).json()).toEqual({ ok: true, output: 1 })
  expect(served[0]!.signal.aborted).toBe(false)
})

/** Returns an answer that is pending until `finish` is called. */
function gated() {
  const { promise: answers, resolve } = Promise.withResolvers<ToolAnswer>()
  return { answers, finish: () => resolve({ ok: true, output: 1 }) }
}

test.each([{}, { executionId: undefined as never }, { reason: 'enough' } as never])(
  'a cancellation with %j ends the call at once, and the server accepts it repeatedly',
  async (message) => {
    const { server, served } = serverOf(() => gated().answers)
    const token = await tokenOf(server)
    const called = [server.handle(requestOf({ token })), server.handle(requestOf({ token }))]
    await vi.waitFor(() => expect(served).toHaveLength(1), { timeout: 30_000 })
    for (let n = 0; n < 2; n++) {
      const response = await server.handle(cancelOf({ token, message }))
      expect([response.status, await response.text()]).toEqual([200, '{"ok":true}'])
    }
    for (const response of await Promise.all(called)) {
      expect(await response.json()).toMatchObject({ ok: false, error: { code: 'TOOL_CANCELLED' } })
    }
    expect(served[0]!.signal.reason).toMatchObject({ name: 'AbortError' })
    expect(served).toHaveLength(1)
  },
)

test('the server accepts a cancellation that arrives before its call, and the call runs no handler', async () => {
  const { server, served } = serverOf()
  const token = await tokenOf(server)
  expect((await server.handle(cancelOf({ token }))).status).toBe(200)
  const response = await server.handle(requestOf({ token }))
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ ok: false, error: { code: 'TOOL_CANCELLED' } })
  expect(served).toHaveLength(0)
  const other = requestOf({ token, message: { callId: 'exe_1:2' } })
  expect(await (await server.handle(other)).json()).toEqual({ ok: true, output: 1 })
})

test('a cancellation that arrives after the answer changes nothing', async () => {
  const { server, served } = serverOf()
  const token = await tokenOf(server)
  await server.handle(requestOf({ token }))
  expect((await server.handle(cancelOf({ token }))).status).toBe(200)
  expect(await (await server.handle(requestOf({ token }))).json()).toEqual({ ok: true, output: 1 })
  expect(served.map(({ signal }) => signal.aborted)).toEqual([false])
})

test('the server refuses an expired token', async () => {
  const { server } = serverOf()
  expect((await server.handle(requestOf({ token: await tokenOf(server, -120_000) }))).status).toBe(401)
})

test('the server refuses a body that was changed after it was signed', async () => {
  const { server, served } = serverOf()
  const request = requestOf({ token: await tokenOf(server) })
  const body = (await request.clone().text()).replace('"input":{}', '"input":{"a":1}')
  expect(
    (await server.handle(new Request(request.url, { method: 'POST', headers: request.headers, body }))).status,
  ).toBe(401)
  expect(served).toHaveLength(0)
})

test('the server refuses the token of another execution, for new and for known calls', async () => {
  const { server, served } = serverOf()
  const token = await tokenOf(server)
  const foreign = (await server.callbackFor('exe_2', scope, 10_000)).token
  expect((await server.handle(requestOf({ token }))).status).toBe(200)
  expect((await server.handle(requestOf({ token: foreign }))).status).toBe(403)
  expect((await server.handle(requestOf({ token, key: foreign }))).status).toBe(401)
  expect(served).toHaveLength(1)
})

test('the server answers a known call from its record while the token is valid, and not afterwards', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { server, served } = serverOf()
  const token = await tokenOf(server, 600_000)
  const repeat = async () => (await server.handle(requestOf({ token }))).status
  expect(await repeat()).toBe(200)
  vi.advanceTimersByTime(650_000)
  expect(await repeat()).toBe(200)
  vi.advanceTimersByTime(20_000)
  expect(await repeat()).toBe(401)
  expect(served).toHaveLength(1)
})

test('the server refuses a body above the limit before it parses it', async () => {
  const { server } = serverOf()
  const message = { input: 'x'.repeat(3 * 1024 * 1024) }
  expect((await server.handle(requestOf({ token: await tokenOf(server), message }))).status).toBe(413)
})

test("servers with a shared secret accept each other's tokens, servers without one do not", async () => {
  const token = await tokenOf(serverOf().server)
  expect((await serverOf().server.handle(requestOf({ token }))).status).toBe(200)
  const { server } = serverOf(undefined, { url: 'http://127.0.0.1:9/' })
  expect((await server.handle(requestOf({ token }))).status).toBe(401)
})

test('a repeated delivery gets the first answer, during the run and after it, and the handler runs once', async () => {
  const latch = Promise.withResolvers<void>()
  let runs = 0
  const { server } = serverOf(async () => {
    await latch.promise
    runs += 1
    return { ok: true, output: runs }
  })
  const token = await tokenOf(server)
  const during = [server.handle(requestOf({ token })), server.handle(requestOf({ token }))]
  latch.resolve()
  const after = async () => (await server.handle(requestOf({ token }))).text()
  const texts = [...(await Promise.all(during.map(async (response) => (await response).text()))), await after()]
  expect(new Set(texts)).toEqual(new Set(['{"ok":true,"output":1}']))
})

test('the server applies the deadline of a skewed clock by its own clock', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { server, served } = serverOf()
  const sentAt = new Date(Date.now() - 200_000)
  const deadline = new Date(sentAt.getTime() + 10_000).toISOString()
  await server.handle(requestOf({ token: await tokenOf(server), sentAt, message: { deadline } }))
  const remainingMs = Date.parse(served[0]!.message.deadline) - Date.now()
  expect(Math.abs(remainingMs - 10_000)).toBeLessThan(1_500)
})

/**
 * Returns the milliseconds that are left of a call of 10 s that was sent at once and held for `heldMs`, by an
 * executor's clock.
 */
async function remainingOf({ aheadMs, heldMs }: { aheadMs: number; heldMs: number }): Promise<number> {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { server, served } = serverOf()
  const token = await tokenOf(server, 600_000)
  const sentAt = new Date(Date.now() + aheadMs)
  const deadline = new Date(sentAt.getTime() + 10_000).toISOString()
  vi.setSystemTime(Date.now() + heldMs)
  const times = { createdAt: sentAt.toISOString(), sentAt: sentAt.toISOString(), deadline }
  await server.handle(requestOf({ token, sentAt, message: times }))
  return Date.parse(served[0]!.message.deadline) - Date.now()
}

test.each([
  { aheadMs: 0, heldMs: 4_000, atMost: 6_000 },
  { aheadMs: 0, heldMs: 30_000, atMost: -20_000 },
  { aheadMs: -60_000, heldMs: 30_000, atMost: -20_000 },
  { aheadMs: -60_000, heldMs: 0, atMost: 10_000 },
  { aheadMs: 60_000, heldMs: 0, atMost: 10_000 },
])(
  'a delivery held for $heldMs ms, from an executor $aheadMs ms ahead, gets its remaining time',
  { tags: ['RT-3'] },
  async (times) => {
    expect(await remainingOf(times)).toBe(times.atMost)
  },
)

const onConflict = (): never => expect.unreachable()

test(
  'a server starts no calls of executions that ended in its process; other processes do',
  { tags: ['EX-9'] },
  async () => {
    let called = 0
    const serve = async (): Promise<ToolAnswer> => ({ ok: true, output: (called += 1) })
    const config = { url: 'http://127.0.0.1:9/tools', secret }
    const ended = new ToolServer({ config, serve, onConflict, onError })
    const other = new ToolServer({ config, serve, onConflict, onError })
    const token = await tokenOf(ended)
    ended.refuseLaterCalls(executionId)
    const answerOf = async (server: ToolServer) => (await server.handle(requestOf({ token }))).json()
    expect(await answerOf(ended)).toMatchObject({ ok: false, error: { code: 'TOOL_CANCELLED' } })
    expect(called).toBe(0)
    expect(await answerOf(other)).toEqual({ ok: true, output: 1 })
  },
)

test('a server with a port listens on first use, and not after close()', async () => {
  const { server } = serverOf(undefined, { port: 0 })
  const callback = await server.callbackFor(executionId, scope, 10_000)
  expect(callback.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  const send = () => fetch(requestOf({ token: callback.token, url: callback.url }))
  expect(await (await send()).json()).toEqual({ ok: true, output: 1 })
  await server.close()
  await expect(send()).rejects.toThrow('fetch failed')
})

test('the server refuses a request before it has read all of it, and closes that connection', async () => {
  const { server, served } = serverOf(undefined, { port: 0 })
  const { url, token } = await server.callbackFor(executionId, scope, 10_000)
  const message = { input: 'x'.repeat(3 * 1024 * 1024) }
  for (const [status, sender] of [
    [413, token],
    [401, 'no-token'],
  ] as const) {
    const response = await fetch(requestOf({ token: sender, url, message }))
    expect(response.status).toBe(status)
    expect(response.headers.get('connection')).toBe('close')
    expect(errorBodySchema.safeParse(await response.json()).success).toBe(true)
  }
  expect(served).toHaveLength(0)
  await server.close()
})

test('a client that disconnects aborts the call', async () => {
  const aborted = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const { server } = serverOf(
    ({ signal }) => {
      begun.resolve()
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.resolve()
          resolve({ ok: true, output: null })
        })
      })
    },
    { port: 0 },
  )
  const { url, token } = await server.callbackFor(executionId, scope, 10_000)
  const controller = new AbortController()
  const sent = fetch(requestOf({ token, url, signal: controller.signal })).catch(() => {})
  await begun.promise
  controller.abort()
  await expect(aborted.promise).resolves.toBeUndefined()
  await sent
  await server.close()
})

test('a call with a grace period outlives its connection, and its next delivery gets the answer of the same run', async () => {
  const answered = Promise.withResolvers<ToolAnswer>()
  const begun = Promise.withResolvers<AbortSignal>()
  const { server, served } = serverOf(({ signal }) => {
    begun.resolve(signal)
    return answered.promise
  })
  const [token, node] = [await tokenOf(server), new AbortController()]
  const message = { gracePeriodMs: 60_000 }
  const first = server.handle(requestOf({ token, message, signal: node.signal }))
  const signal = await begun.promise
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  node.abort()
  await vi.advanceTimersByTimeAsync(59_000)
  expect(signal.aborted).toBe(false)
  vi.useRealTimers()
  const second = server.handle(requestOf({ token, message }))
  answered.resolve({ ok: true, output: 7 })
  for (const response of [await first, await second]) expect(await response.json()).toEqual({ ok: true, output: 7 })
  expect(served).toHaveLength(1)
})

test('a call with a grace period whose client closes is left to another process', async () => {
  const begun = Promise.withResolvers<void>()
  const { server } = serverOf(({ signal }) => {
    begun.resolve()
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve({ ok: false, error: { message: 'aborted' } }))
    })
  })
  const response = server.handle(requestOf({ token: await tokenOf(server), message: { gracePeriodMs: 60_000 } }))
  await begun.promise
  await server.close()
  expect((await response).status).toBe(503)
})

test('a port in use is a configuration error that says how to fix it', async () => {
  const first = serverOf(undefined, { port: 0 }).server
  const { url } = await first.callbackFor(executionId, scope, 10_000)
  const { server } = serverOf(undefined, { port: Number(new URL(url).port) })
  await expect(server.callbackFor(executionId, scope, 10_000)).rejects.toThrow(
    /^Cannot listen on 127\.0\.0\.1:\d+: the port is in use \(EADDRINUSE\)\.[^]*port: 0/,
  )
  await first.close()
})

test('the server refuses more tools than fit into a token, and says what to do', async () => {
  const { server } = serverOf()
  const tools = Array.from({ length: 1_000 }, (_, i) => `tool_${hash('sha256', String(i)).slice(0, 32)}`)
  await expect(server.callbackFor(executionId, { ...scope, tools }, 1_000)).rejects.toThrow('availableTools')
})

test(
  'the server refuses a known call id with another tool or input, and never sends it the first answer',
  { tags: ['TL-6'] },
  async () => {
    const { server, served, conflicts } = serverOf()
    const { token } = await server.callbackFor(executionId, { ...scope, tools: ['weather', 'pay'] }, 10_000)
    const deliver = (message: Partial<ToolCallMessage>) => server.handle(requestOf({ token, message }))
    expect(await (await deliver({ input: { r: 0.1, s: 1 } })).json()).toEqual({ ok: true, output: 1 })
    for (const message of [{ input: { r: 0.2, s: 1 } }, { tool: 'pay', input: { r: 0.1, s: 1 } }, { input: {} }]) {
      const refused = await deliver(message)
      expect(refused.status).toBe(409)
      const { error } = errorBodySchema.parse(await refused.json())
      expect(error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', executionId })
    }
    expect(await (await deliver({ input: { s: 1, r: 0.1 } })).json()).toEqual({ ok: true, output: 1 })
    expect(served).toHaveLength(1)
    expect(conflicts).toHaveLength(3)
    expect(conflicts[0]).toContain('The call exe_1:1 of weather was refused')
  },
)
