import { once } from 'node:events'
import { connect } from 'node:net'

import { Hono } from 'hono'
import { expect, test } from 'vitest'

import type { HttpEnv } from './http-context.ts'
import { testApp } from './http-app.test-support.ts'
import { listen } from './serve.ts'

const local = { host: '127.0.0.1', port: 0 }

async function raw(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.end(text)
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  await once(socket, 'close')
  return received
}

test('listen resolves with the port that the app is served on', async () => {
  await using server = await listen(testApp().app, local)
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
})

test('listen rejects for a port in use', async () => {
  await using server = await listen(testApp().app, local)
  await expect(listen(testApp().app, { ...local, port: server.port })).rejects.toThrow('EADDRINUSE')
})

test(
  'close waits for running requests, accepts no new ones, and keeps no idle connection',
  { timeout: 30_000 },
  async () => {
    const app = new Hono<HttpEnv>()
    const slow = Promise.withResolvers<void>()
    app.get('/slow', async (c) => {
      await slow.promise
      return c.text('done')
    })
    app.get('/fast', (c) => c.text('done'))
    const server = await listen(app, local)
    await (await fetch(`${server.url}/fast`)).text()
    const answer = fetch(`${server.url}/slow`)
    const fast = await fetch(`${server.url}/fast`)
    await fast.text()
    let closed = false
    // This bound and the 65 s for which an idle connection is kept are both longer than the test may take.
    const closing = server.close({ drainMs: 300_000 }).then(() => (closed = true))
    await expect(fetch(`${server.url}/fast`)).rejects.toThrow('fetch failed')
    expect(closed).toBe(false)
    slow.resolve()
    expect(await (await answer).text()).toBe('done')
    await closing
    await server.close()
  },
)

test('close ends requests that do not finish in time', async () => {
  const app = new Hono<HttpEnv>()
  app.get('/never', () => new Promise<Response>(() => {}))
  const server = await listen(app, local)
  const answer = fetch(`${server.url}/never`).catch(() => 'cut')
  await fetch(`${server.url}/`)
  await server.close({ drainMs: 50 })
  expect(await answer).toBe('cut')
})

test('a request with an invalid host is refused like any other', async () => {
  await using server = await listen(testApp().app, local)
  const answer = await raw(server.port, 'GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('"code":"INVALID_REQUEST"')
})

test('a truncated body has no effect', async () => {
  const { app, engine, logged } = testApp()
  await using server = await listen(app, local)
  const head =
    'POST /v1/executions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-of-acme\r\ncontent-type: application/json\r\n'
  await raw(server.port, `${head}content-length: 100\r\n\r\n{"code"`)
  await raw(server.port, `${head}transfer-encoding: chunked\r\n\r\n7\r\n{"code"\r\n`)
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  expect(engine.submissions).toEqual([])
  expect(logged).toEqual([])
})

test('a result sent without hono has the usual headers, and no body for HEAD', async () => {
  const { app, engine } = testApp()
  await using server = await listen(app, local)
  const { id } = engine.add('acme').admit().finish()
  const request = { authorization: 'Bearer key-of-acme', 'x-correlation-id': 'cor_of_this_test_' }
  const ask = (method: string) => fetch(`${server.url}/v1/executions/${id}`, { method, headers: request })
  const [got, head] = [await ask('GET'), await ask('HEAD')]
  const text = await got.text()
  expect(await head.text()).toBe('')
  for (const answer of [got, head]) {
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      'x-codemode-execution-id': id,
      'x-correlation-id': 'cor_of_this_test_',
    })
  }
})

test(
  'every response has the headers of the server, also one without a route or of the HTTP parser',
  { tags: ['RT-2'] },
  async () => {
    const { app } = testApp()
    let count = 0
    await using server = await listen(app, { ...local, responseHeaders: () => ({ 'x-count': String((count += 1)) }) })
    const get = 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n'
    const requests = [
      `${get}\r\n`,
      'GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      'GET /v1/info HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n',
      'DELETE /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      `${get}x-long: ${'x'.repeat(64 * 1024)}\r\n\r\n`,
      'no http at all\r\n\r\n',
    ]
    const answers: string[] = []
    for (const request of requests) answers.push(await raw(server.port, request))
    expect(answers.map((answer) => Number(answer.slice(9, 12)))).toEqual([200, 404, 401, 400, 405, 431, 400])
    expect(answers.map((answer) => /^x-count: (\d+)\r$/im.exec(answer)?.[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ])
  },
)
