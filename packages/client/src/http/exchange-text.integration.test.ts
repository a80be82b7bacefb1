import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'

import { exchangeText } from './exchange-text.ts'
import type { HttpResponse } from './foreign-response.ts'

const never = new AbortController().signal
const maxBytes = 4_000
const maxErrorBytes = 1_000

/** Sends a request to a new server that answers with the given function. */
async function exchange(respond: (outgoing: ServerResponse) => void, signal = never): Promise<HttpResponse> {
  const server = createServer((_, outgoing) => respond(outgoing)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  onTestFinished(async () => {
    await agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return exchangeText(agent, { origin, path: '/', method: 'POST', body: '{}' }, { signal, maxBytes, maxErrorBytes })
}

test('exchangeText returns the whole text with its status and headers, and skips 1xx responses', async () => {
  const response = await exchange((outgoing) => {
    outgoing.writeProcessing()
    outgoing.writeHead(201, { 'x-name': 'value' }).write(Buffer.from('né').subarray(0, 2))
    outgoing.end(Buffer.from('né').subarray(2))
  })
  expect(response).toMatchObject({ status: 201, headers: { 'x-name': 'value' }, text: 'né' })
})

test('it reads a bounded part of an error body, and keeps the status when that body breaks off', async () => {
  const endless = await exchange((outgoing) => {
    const more = (error?: Error | null): void => {
      if (!error) outgoing.write('x'.repeat(10_000), more)
    }
    outgoing.writeHead(502)
    more()
  })
  expect(endless.status).toBe(502)
  expect(endless.text.length).toBeGreaterThan(maxErrorBytes)
  expect(endless.text.length).toBeLessThan(maxErrorBytes + 100_000)
  const cut = await exchange((outgoing) => outgoing.writeHead(503).write('half', () => outgoing.destroy()))
  expect(cut).toMatchObject({ status: 503, text: '' })
})

/** Writes until the connection breaks. */
function writeEndlessly(outgoing: ServerResponse): void {
  const more = (error?: Error | null): void => {
    if (!error) outgoing.write('x'.repeat(10_000), more)
  }
  more()
}

test('it stops at the limit of a 2xx response, and at the limit of errors for one that is not JSON', async () => {
  for (const type of ['application/json', 'text/html', 'text/event-stream']) {
    const { status, text } = await exchange((outgoing) => {
      outgoing.writeHead(200, { 'content-type': type })
      writeEndlessly(outgoing)
    })
    expect(status).toBe(200)
    expect(text.length).toBeLessThan(maxBytes + 100_000)
  }
  const whole = await exchange((outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('1'.repeat(maxBytes))
  })
  expect(whole.text.length).toBe(maxBytes)
})

const compressed = (length: number, status: number) =>
  exchange((outgoing) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    outgoing.writeHead(status, headers).end(gzipSync('1'.repeat(length)))
  })

test('it decodes a compressed response up to its limit and drops the text of a longer one', async () => {
  expect((await compressed(maxBytes, 200)).text.length).toBe(maxBytes)
  expect((await compressed(maxBytes + 1, 200)).text).toBe('')
  expect((await compressed(maxErrorBytes, 502)).text.length).toBe(maxErrorBytes)
  expect((await compressed(maxErrorBytes + 1, 502)).text).toBe('')
})

test('it uses the first value of a repeated header, and all values of content-encoding', async () => {
  const twice = { location: ['/a', '/b'], 'retry-after': ['1', '2'], 'content-encoding': ['gzip', 'br'] }
  const { headers } = await exchange((outgoing) => {
    for (const [name, values] of Object.entries(twice)) outgoing.setHeader(name, values)
    outgoing.writeHead(502).end()
  })
  expect(headers).toMatchObject({ location: '/a', 'retry-after': '1', 'content-encoding': 'gzip, br' })
})

test('it rejects when the body breaks off and when no response comes', async () => {
  await expect(exchange((outgoing) => outgoing.writeHead(200).write('half', () => outgoing.destroy()))).rejects.toThrow(
    'other side closed',
  )
  await expect(exchange((outgoing) => outgoing.destroy())).rejects.toThrow('other side closed')
})

test('it rejects with the reason of its signal: before sending, without a response, and within one of any status', async () => {
  const reason = new Error('given up')
  await expect(exchange(() => {}, AbortSignal.abort(reason))).rejects.toBe(reason)
  for (const status of [undefined, 200, 500]) {
    const giveUp = new AbortController()
    const abort = () => giveUp.abort(reason)
    const response = exchange((outgoing) => {
      if (status === undefined) return abort()
      // The client publishes this when it has the headers of the response.
      subscribe('undici:request:headers', abort)
      outgoing.writeHead(status).write('half')
    }, giveUp.signal)
    await expect(response).rejects.toBe(reason)
    unsubscribe('undici:request:headers', abort)
  }
})
