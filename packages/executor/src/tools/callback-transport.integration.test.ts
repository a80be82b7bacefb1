import type { lookup as systemLookup } from 'node:dns'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type LookupFunction, type Socket } from 'node:net'

import { context, propagation, trace, TraceFlags } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { fixedLimits } from '@codemode/shared'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'

import { createLogger } from '../log.ts'
import { createCallbackGuard } from './callback-guard.ts'
import { createCallbackTransport } from './callback-transport.ts'
import { TenantAgents } from './tenant-agents.ts'
import { callMessage, outgoingCall, toolServer } from './tool-server.test-support.ts'

const token = 'a-token-of-the-client'
const never = new AbortController().signal
const unavailable = {
  ok: false,
  error: {
    name: 'ToolError',
    code: 'TOOL_UNAVAILABLE',
    message: 'The tool "weather" is unavailable: its server gave no valid answer.',
    retryable: true,
  },
}

type GuardOptions = Partial<Parameters<typeof createCallbackGuard>[0]>

interface TransportOptions {
  readonly quietMs?: number
  readonly gracePeriodMs?: number
  readonly maxBackoffMs?: number
  readonly onLogged?: () => void
}

/** Creates a transport to a URL. Attempts count however long they take on a busy machine, unless `quietMs` is given. */
function transportTo(
  url: string,
  guardOptions: GuardOptions = {},
  { quietMs = Infinity, onLogged, ...options }: TransportOptions = {},
) {
  const logged: string[] = []
  const guard = createCallbackGuard({ origins: [], allowLoopback: true, ...guardOptions })
  const agents = new TenantAgents({ createAgent: () => guard.createAgent() })
  onTestFinished(() => agents[Symbol.asyncDispose]())
  const write = (line: string) => {
    logged.push(line)
    onLogged?.()
  }
  const logger = createLogger({ level: 'info', to: { write } })
  const callback = { url, token }
  const transport = createCallbackTransport({ callback, tenant: 'acme', agents, logger, quietMs, ...options })
  return { transport, logged }
}

function send(outgoing: ServerResponse, answer: unknown, status = 200) {
  const text = JSON.stringify(answer)
  outgoing
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

async function closedUrl(): Promise<string> {
  await using server = await toolServer(() => {})
  return server.url
}

describe('a call by callback', () => {
  test('carries the message, the token, a valid signature, the ids and the trace', async () => {
    await using server = await toolServer((outgoing) => send(outgoing, { ok: true, output: { celsius: 4 } }))
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
    const { transport } = transportTo(server.url)
    const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED }
    const answer = await context.with(trace.setSpanContext(context.active(), span), () =>
      transport.call(outgoingCall(1, { city: 'Tromsø' }), never),
    )
    context.disable()
    propagation.disable()

    expect(answer).toEqual({ ok: true, output: { celsius: 4 } })
    const [{ headers, text }] = server.received as [(typeof server.received)[0]]
    expect(JSON.parse(text)).toEqual(callMessage(1, { city: 'Tromsø' }))
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'webhook-id': 'exe_1:1',
      'x-correlation-id': 'cor_0123456789abcdef',
      'x-codemode-execution-id': 'exe_1',
      traceparent: `00-${span.traceId}-${span.spanId}-01`,
    })
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    expect(new Webhook(token, { format: 'raw' }).verify(text, signed)).toEqual(JSON.parse(text))
  })

  test('resolves with the failure that the tool returned', async () => {
    const failure = { ok: false, error: { name: 'NoSuchCity', message: 'no', code: 'E1', data: [1], retryable: false } }
    await using server = await toolServer((outgoing) => send(outgoing, failure))
    expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toEqual(failure)
  })

  test('is retried with the same call id and a new signature when the connection fails', async () => {
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth < 3) outgoing.destroy()
      else send(outgoing, { ok: true, output: nth })
    })
    const { transport, logged } = transportTo(server.url)
    expect(await transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 3 })
    expect(new Set(server.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['exe_1:1']))
    for (const { headers, text } of server.received) {
      new Webhook(token, { format: 'raw' }).verify(text, headers as Record<string, string>)
    }
    expect(logged).toHaveLength(2)
    expect(logged.join('')).not.toContain(token)
  })

  test('is retried when the response breaks off', async () => {
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth > 1) send(outgoing, { ok: true, output: nth })
      else outgoing.write('{"ok": tr', () => outgoing.destroy())
    })
    expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 2 })
  })

  test('skips 1xx responses', async () => {
    await using server = await toolServer((outgoing) => {
      outgoing.writeProcessing()
      outgoing.writeEarlyHints({ link: '</a>; rel=preload' }, () => send(outgoing, { ok: true, output: 1 }))
    })
    expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 1 })
    expect(server.received).toHaveLength(1)
  })

  test('fails after eight attempts, and the guest learns no details', async () => {
    await using server = await toolServer((outgoing) => outgoing.destroy())
    const { transport, logged } = transportTo(server.url)
    expect(await transport.call(outgoingCall(), never)).toEqual(unavailable)
    expect(server.received).toHaveLength(8)
    expect(logged.join('')).toMatch(/other side closed|ECONNRESET|terminated/)
  })

  test('is retried when a gateway answers, each time with the current time', async () => {
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth < 3) send(outgoing, { ok: true, output: 'of the gateway' }, nth === 1 ? 502 : 504)
      else send(outgoing, { ok: true, output: nth })
    })
    const { transport, logged } = transportTo(server.url)
    expect(await transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 3 })
    const times = server.received.map(({ text }) => (JSON.parse(text) as { sentAt: string }).sentAt)
    expect(times[0]).toBe(callMessage().sentAt)
    expect(times.toSorted()).toEqual(times)
    expect(new Set(times).size).toBe(3)
    expect(logged.join('')).toMatch(/"status":502.*a gateway answered.*"status":504/s)
  })

  test('fails after eight answers of gateways, and the guest learns the status of the last', async () => {
    await using server = await toolServer((outgoing) => outgoing.writeHead(502).end('<h1>secret</h1>'))
    expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toMatchObject({
      error: {
        code: 'TOOL_UNAVAILABLE',
        message: expect.stringMatching(/\(a gateway before it answered 502\)\.$/) as string,
      },
    })
    expect(server.received).toHaveLength(8)
  })

  test('does not count attempts that lasted for a while, because a gateway ended them as idle', async () => {
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth > 10) send(outgoing, { ok: true, output: nth })
      else setTimeout(() => (nth % 2 ? outgoing.destroy() : outgoing.writeHead(504).end()), 5)
    })
    const { transport } = transportTo(server.url, {}, { quietMs: 1 })
    expect(await transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 11 })
  })

  test('with a grace period names it, and is retried until it is answered', async () => {
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth > 20) send(outgoing, { ok: true, output: nth })
      else outgoing.destroy()
    })
    const { transport } = transportTo(server.url, {}, { gracePeriodMs: 60_000, maxBackoffMs: 1 })
    expect(await transport.call(outgoingCall(), never)).toEqual({ ok: true, output: 21 })
    const graces = server.received.map(({ text }) => (JSON.parse(text) as { gracePeriodMs?: number }).gracePeriodMs)
    expect(new Set(graces)).toEqual(new Set([60_000]))
  })

  test('with a grace period ends when its signal aborts', async () => {
    const deadline = new AbortController()
    await using server = await toolServer((outgoing, _, nth) => {
      if (nth > 10) deadline.abort()
      outgoing.destroy()
    })
    const { transport } = transportTo(server.url, {}, { gracePeriodMs: 60_000, maxBackoffMs: 1 })
    expect(await transport.call(outgoingCall(), deadline.signal)).toMatchObject({ error: { code: 'TOOL_CANCELLED' } })
  })

  test('fails for the guest in the same way without a server, at a forbidden address and with an invalid answer', async () => {
    const answers: ((outgoing: ServerResponse) => void)[] = [
      (outgoing) => send(outgoing, { ok: true, output: 1 }, 500),
      (outgoing) => send(outgoing, { ok: true, output: 1 }, 404),
      (outgoing) => outgoing.writeHead(302, { location: '/tools' }).end(),
      (outgoing) => outgoing.writeHead(204).end(),
      (outgoing) => outgoing.end('<html>'),
      (outgoing) => outgoing.end(Buffer.from([0x22, 0xff, 0x22])),
      (outgoing) => send(outgoing, { ok: true }),
      (outgoing) => send(outgoing, { ok: false, error: 'text' }),
      (outgoing) => send(outgoing, null),
    ]
    expect(await transportTo(await closedUrl()).transport.call(outgoingCall(), never)).toEqual(unavailable)
    expect(await transportTo('http://10.255.255.1/').transport.call(outgoingCall(), never)).toEqual(unavailable)
    for (const answer of answers) {
      await using server = await toolServer(answer)
      const { transport, logged } = transportTo(server.url)
      expect(await transport.call(outgoingCall(), never)).toEqual(unavailable)
      expect(server.received).toHaveLength(1)
      expect(logged.join('')).toContain('no valid answer')
    }
  })

  test('fails in the same way for a refused, unreachable, unknown, forbidden or non-TLS address', async () => {
    await using plain = await toolServer((outgoing) => send(outgoing, { ok: true, output: 1 }))
    const closed = await closedUrl()
    const { port } = new URL(closed)
    const unknownName: typeof systemLookup = ((...[, , callback]: Parameters<LookupFunction>) =>
      callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), '')) as never
    const resolvesHere: typeof systemLookup = ((...[, , callback]: Parameters<LookupFunction>) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])) as never
    const cases: [string, RegExp, Parameters<typeof transportTo>[1]][] = [
      [closed, /ECONNREFUSED/, {}],
      [plain.url.replace('http:', 'https:'), /ssl|EPROTO|TLS/i, {}],
      [`http://app.example:${port}`, /ENOTFOUND/, { origins: [`http://app.example:${port}`], lookup: unknownName }],
      [`http://app.example:${port}`, /not allowed/, { origins: [`http://*:${port}`], lookup: resolvesHere }],
      [`http://0.0.0.0:${port}`, /not allowed/, { origins: [`http://*:${port}`] }],
    ]
    const outcomes = await Promise.all(
      cases.map(async ([url, , guardOptions]) => {
        const { transport, logged } = transportTo(url, guardOptions)
        return { logged, answer: await transport.call(outgoingCall(), never) }
      }),
    )
    for (const [index, { logged, answer }] of outcomes.entries()) {
      expect(answer).toEqual(unavailable)
      expect(logged).toHaveLength(9)
      expect(logged.join('')).toMatch(cases[index]![1])
    }
    expect(plain.received).toHaveLength(0)
  })

  test('follows no redirect', async () => {
    await using elsewhere = await toolServer((outgoing) => send(outgoing, { ok: true, output: 1 }))
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await toolServer((outgoing) => outgoing.writeHead(status, { location: elsewhere.url }).end())
      expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toEqual(unavailable)
      expect(server.received).toHaveLength(1)
    }
    expect(elsewhere.received).toHaveLength(0)
  })

  test('sends its input unchanged, byte for byte, however deeply it is nested', async () => {
    await using server = await toolServer((outgoing) => send(outgoing, { ok: true, output: 1 }))
    const deep = `${'{"0":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const input = `{ "b": 1e2, "a": "\\u00e9é", "__proto__": ${deep} }`
    await transportTo(server.url).transport.call({ ...outgoingCall(), input }, never)
    expect(server.received[0]?.text).toContain(`"input":${input},"context":{"clientId":"c1"}}`)
  })

  test('fails when the response has endless or too long headers', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}))
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { transport, logged } = transportTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(await transport.call(outgoingCall(), never)).toEqual(unavailable)
    expect(logged.join('')).toMatch(/Headers Overflow/i)
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  test('does not read the rest of an invalid response', async () => {
    await using server = await toolServer((outgoing) => outgoing.writeHead(500).write('and so on'))
    expect(await transportTo(server.url).transport.call(outgoingCall(), never)).toEqual(unavailable)
  })
})

describe('an output', () => {
  test('at the limit is accepted, and one above it is refused with its size', async () => {
    await using server = await toolServer((outgoing, { text }) => {
      const { input } = JSON.parse(text) as { input: number }
      send(outgoing, { ok: true, output: 'x'.repeat(input - 2) })
    })
    const { transport } = transportTo(server.url)
    const limit = fixedLimits.toolOutputBytes
    expect(await transport.call(outgoingCall(1, limit), never)).toMatchObject({ ok: true })
    const answer = await transport.call(outgoingCall(1, 2 * limit), never)
    expect(answer).toMatchObject({ ok: false, error: { code: 'TOOL_OUTPUT_TOO_LARGE', retryable: false } })
    expect(JSON.stringify(answer)).toMatch(/is 83886\d\d bytes; the limit toolOutputBytes is 4194304 bytes/)
  })

  test('without an end is cut off', async () => {
    let sentBytes = 0
    await using server = await toolServer((outgoing) => {
      const chunk = Buffer.alloc(65_536, 0x20)
      const more = () => {
        while (!outgoing.destroyed && outgoing.write(chunk)) sentBytes += chunk.length
      }
      outgoing.on('drain', more)
      more()
    })
    const answer = await transportTo(server.url).transport.call(outgoingCall(), never)
    expect(answer).toMatchObject({ ok: false, error: { code: 'TOOL_OUTPUT_TOO_LARGE' } })
    expect(sentBytes).toBeLessThan(4 * fixedLimits.toolOutputBytes)
  })
})

test('an aborted call ends at once: before it is sent, during its answer, and between attempts', async () => {
  const cancelled = { ok: false, error: { code: 'TOOL_CANCELLED' } }
  const [amid, between] = [new AbortController(), new AbortController()]
  await using server = await toolServer((outgoing, { text }) => {
    if (text.includes('never')) outgoing.write('{"ok":', () => amid.abort())
    else outgoing.destroy()
  })
  // The transport logs a failed attempt, and then waits before the next one.
  const { transport } = transportTo(server.url, {}, { onLogged: () => setImmediate(() => between.abort()) })
  expect(await transport.call(outgoingCall(), AbortSignal.abort())).toMatchObject(cancelled)
  expect(server.received).toHaveLength(0)
  expect(await transport.call(outgoingCall(1, 'never'), amid.signal)).toMatchObject(cancelled)
  expect(await transport.call(outgoingCall(2), between.signal)).toMatchObject(cancelled)
})
