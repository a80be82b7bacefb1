import type { lookup as systemLookup } from 'node:dns'
import type { ServerResponse } from 'node:http'
import type { LookupFunction } from 'node:net'

import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'

import { createLogger } from '../log.ts'
import { createCallbackGuard } from './callback-guard.ts'
import { createNotificationSender } from './notification-sender.ts'
import { TenantAgents } from './tenant-agents.ts'
import { toolServer } from './tool-server.test-support.ts'

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const never = new AbortController().signal
const unreached = 'The receiver was not reached, or broke the connection.'

type GuardOptions = Partial<Parameters<typeof createCallbackGuard>[0]>

/** Returns a function that makes an attempt to deliver one notification to a URL, and what was logged. */
function senderTo(url: string, { timeoutMs = 10_000, ...guardOptions }: GuardOptions & { timeoutMs?: number } = {}) {
  const logged: string[] = []
  const guard = createCallbackGuard({ origins: [], allowLoopback: true, field: 'notify', ...guardOptions })
  const agents = new TenantAgents({ createAgent: () => guard.createAgent() })
  onTestFinished(() => agents[Symbol.asyncDispose]())
  const logger = createLogger({ level: 'info', to: { write: (line) => void logged.push(line) } })
  const send = createNotificationSender({ guard, agents, logger, timeoutMs })
  const ids = { id: 'exe_1:finished', tenant: 'acme', executionId: 'exe_1', correlationId: 'cor_0123456789abcdef' }
  const attempt = (signal = never) => send({ ...ids, url, secret, body: '{"type":"execution.finished"}' }, signal)
  return { attempt, logged }
}

const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (outgoing: ServerResponse) =>
    void outgoing.writeHead(status, headers).end('seen')

/** Returns a resolver that gives each of these addresses to one lookup, in turn. */
function resolvesInTurn(...addresses: string[]): typeof systemLookup {
  const lookup: LookupFunction = (_, __, callback) => callback(null, [{ address: addresses.shift()!, family: 4 }])
  return lookup as never
}

test('each attempt is signed anew so that the stock library verifies it, with the same id and body', async () => {
  await using receiver = await toolServer(answering(200))
  const { attempt } = senderTo(receiver.url)
  expect(await attempt()).toBeUndefined()
  expect(await attempt()).toBeUndefined()
  for (const { headers, text } of receiver.received) {
    expect(headers).toMatchObject({ 'webhook-id': 'exe_1:finished', 'x-codemode-execution-id': 'exe_1' })
    expect(headers).not.toHaveProperty('authorization')
    const given = headers as Record<string, string>
    expect(new Webhook(secret).verify(text, given)).toEqual({ type: 'execution.finished' })
    const other = new Webhook(`whsec_${Buffer.alloc(24, 8).toString('base64')}`)
    expect(() => other.verify(text, given)).toThrow('No matching signature found')
    expect(() => new Webhook(secret).verify(`${text} `, given)).toThrow('No matching signature found')
  }
})

test.each([200, 201, 204])('a response with status %i accepts the notification', async (status) => {
  await using receiver = await toolServer((outgoing) => outgoing.writeHead(status).end())
  expect(await senderTo(receiver.url).attempt()).toBeUndefined()
})

test('a large response body is not read', async () => {
  await using receiver = await toolServer((outgoing) => {
    outgoing.writeHead(200)
    // It never ends.
    outgoing.write(Buffer.alloc(64 * 1024))
  })
  expect(await senderTo(receiver.url).attempt()).toBeUndefined()
})

test.each([400, 404, 410, 500, 503])('a response with status %i is a failed attempt', async (status) => {
  await using receiver = await toolServer(answering(status))
  const { attempt, logged } = senderTo(receiver.url)
  expect(await attempt()).toBe(`The receiver answered with status ${status}.`)
  expect(logged.join()).toContain('"notification":"exe_1:finished"')
  expect(logged.join()).not.toContain(secret)
})

test('a redirect is not followed', async () => {
  await using elsewhere = await toolServer(answering(200))
  await using receiver = await toolServer(answering(307, { location: elsewhere.url }))
  expect(await senderTo(receiver.url).attempt()).toBe(
    'The receiver answered with status 307, a redirect that is not followed.',
  )
  expect(elsewhere.received).toEqual([])
})

test('a receiver that does not answer in time is a failed attempt', async () => {
  await using receiver = await toolServer(() => {})
  const timeout = new AbortController()
  const timer = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(timeout.signal)
  onTestFinished(() => timer.mockRestore())
  const outcome = senderTo(receiver.url, { timeoutMs: 50 }).attempt()
  await expect.poll(() => receiver.received).toHaveLength(1)
  timeout.abort(new DOMException('The time is over', 'TimeoutError'))
  expect(await outcome).toBe('The receiver did not answer within 50 ms.')
  expect(timer.mock.calls).toEqual([[50]])
})

test('a receiver that is down, and an attempt that is aborted, are failed attempts', async () => {
  const receiver = await toolServer(() => {})
  const { attempt } = senderTo(receiver.url)
  const closing = new AbortController()
  const aborted = attempt(closing.signal)
  await expect.poll(() => receiver.received).toHaveLength(1)
  closing.abort(new Error('closing'))
  expect(await aborted).toBe(unreached)
  await receiver[Symbol.asyncDispose]()
  expect(await attempt()).toBe(unreached)
})

test('an origin that is not allowed, or not allowed any more, is not sent to', async () => {
  await using receiver = await toolServer(answering(200))
  const { attempt } = senderTo(receiver.url, { allowLoopback: false, origins: ['https://app.example'] })
  expect(await attempt()).toContain('CODEMODE_NOTIFY_ORIGINS')
  expect(receiver.received).toEqual([])
})

test('a name with a private address is not sent to, and the reason is that of a receiver that is down', async () => {
  await using receiver = await toolServer(answering(200))
  const { port } = new URL(receiver.url)
  const { attempt, logged } = senderTo(`http://hook.app.example:${port}/`, {
    origins: [`http://*.app.example:${port}`],
    allowLoopback: false,
    lookup: resolvesInTurn('127.0.0.1'),
  })
  expect(await attempt()).toBe(unreached)
  expect(receiver.received).toEqual([])
  expect(logged.join()).toContain('AddressForbiddenError')
})

test('the address of a name is checked for each attempt', async () => {
  await using receiver = await toolServer(answering(200, { connection: 'close' }))
  const { port } = new URL(receiver.url)
  const { attempt, logged } = senderTo(`http://localhost:${port}/`, {
    lookup: resolvesInTurn('127.0.0.1', '10.0.0.1', '127.0.0.1'),
  })
  expect(await attempt()).toBeUndefined()
  expect(await attempt()).toBe(unreached)
  expect(logged.join()).toContain('resolves to an address that is not allowed')
  expect(await attempt()).toBeUndefined()
  expect(receiver.received).toHaveLength(2)
})
