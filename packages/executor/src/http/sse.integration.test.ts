import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { errorBodySchema, RequestError } from '@codemode/shared'
import { expect, test, vi } from 'vitest'

import { startedEvent } from './fake-engine.test-support.ts'
import { testApp } from './http-app.test-support.ts'
import { listen } from './serve.ts'

const heartbeat = ': hb\n\n'

/** Reads a stream to its end. Calls `onHeartbeats` when it has had `count` heartbeats. */
async function readWithHeartbeats(response: Response, count: number, onHeartbeats: () => void): Promise<string> {
  let text = ''
  let isDue = true
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (!isDue || text.split(heartbeat).length <= count) continue
    isDue = false
    onHeartbeats()
  }
  return text
}

const frame = (id: number) => `id: ${id}\nevent: started\ndata: ${JSON.stringify(startedEvent(id))}\n\n`

test('a stream has every event as a frame, and ends after the last', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit().emit(startedEvent(1), startedEvent(2)).finish()
  const response = await send('GET', `/v1/executions/${execution.id}/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('x-codemode-execution-id')).toBe(execution.id)
  expect(execution.readers).toBe(1)
  expect(await response.text()).toBe(frame(1) + frame(2))
  expect(execution).toMatchObject({ readers: 0, detachCalls: 1, eventsAfter: undefined })
})

test('last-event-id resumes the stream, and must be a valid id', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit().finish()
  const path = `/v1/executions/${execution.id}/events`
  await (await send('GET', path, { headers: { 'last-event-id': '7.1' } })).text()
  expect(execution.eventsAfter).toBe('7.1')
  for (const bad of ['x', '-1', '7', '1.', '.1', '1.5.1', `${'9'.repeat(11)}.1`]) {
    const response = await send('GET', path, { headers: { 'last-event-id': bad } })
    expect(response.status).toBe(400)
    expect(errorBodySchema.parse(await response.json()).error.message).toContain('last-event-id')
  }
  expect(execution.readers).toBe(0)
})

test('an error before the first event sets the status, and a later one is an error event that ends the stream', async () => {
  const { engine, send } = testApp()
  const unknown = new RequestError('INVALID_REQUEST', 'This execution has no event 7.1')
  const early = engine.add('acme').admit()
  early.gone = unknown
  const refused = await send('GET', `/v1/executions/${early.id}/events`)
  expect(refused.status).toBe(400)
  expect(early.readers).toBe(0)

  const late = engine.add('acme').admit().emit(startedEvent(1), unknown)
  const text = await (await send('GET', `/v1/executions/${late.id}/events`)).text()
  expect(text).toMatch(/^id: 1\n/)
  const last = /event: error\ndata: (.*)\n\n$/.exec(text)?.[1]
  expect(errorBodySchema.parse(JSON.parse(last ?? '')).error.code).toBe('INVALID_REQUEST')
  expect(late.readers).toBe(0)
})

test('a bug in a running stream is sent without its message and logged', async () => {
  const { engine, logged, send } = testApp()
  const execution = engine.add('acme').admit().emit(new Error('the inner workings'))
  const text = await (await send('GET', `/v1/executions/${execution.id}/events`)).text()
  expect(text).toContain('"code":"INTERNAL"')
  expect(text).not.toContain('inner workings')
  expect(logged.join('')).toContain('inner workings')
})

test('an idle stream has heartbeats between its events', async () => {
  const { engine, send } = testApp({ heartbeatMs: 10 })
  const execution = engine.add('acme').admit()
  const response = await send('GET', `/v1/executions/${execution.id}/events`)
  const text = await readWithHeartbeats(response, 2, () => execution.emit(startedEvent(1)).finish())
  expect(text).toMatch(/^(: hb\n\n){2,}id: 1\n/)
  expect(text.replaceAll(heartbeat, '')).toBe(frame(1))
})

test('a reader that disconnects is detached at once, and nothing is logged', async () => {
  const { engine, logged, send } = testApp()
  const execution = engine.add('acme').admit().emit(startedEvent(1))
  const response = await send('GET', `/v1/executions/${execution.id}/events`)
  const reader = response.body!.getReader()
  await reader.read()
  const pending = reader.read()
  await reader.cancel()
  expect((await pending).done).toBe(true)
  expect(execution).toMatchObject({ readers: 0, detachCalls: 1 })
  execution.emit(startedEvent(2)).finish()
  await setImmediate()
  expect(logged).toEqual([])
})

test('HEAD does not count as a reader', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit()
  const response = await send('HEAD', `/v1/executions/${execution.id}/events`)
  expect(response.status).toBe(200)
  expect(execution.readers).toBe(0)
})

test('a slow reader takes from the engine only what its socket holds, and is detached when it disconnects', async () => {
  const { app, engine } = testApp()
  await using server = await listen(app, { host: '127.0.0.1', port: 0 })
  const large = { ...startedEvent(1), correlationId: 'x'.repeat(100_000) }
  const execution = engine.add('acme').admit()
  execution.emit(...Array.from({ length: 1_000 }, () => large))
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  socket.write(
    `GET /v1/executions/${execution.id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-of-acme\r\n\r\n`,
  )
  socket.pause()
  await vi.waitFor(() => expect(execution.taken).toBeGreaterThan(0), { timeout: 30_000 })
  let taken = -1
  await vi.waitFor(
    () => {
      const before = taken
      taken = execution.taken
      expect(before).toBe(taken)
    },
    { interval: 200, timeout: 30_000 },
  )
  expect(taken).toBeLessThan(200)
  expect(execution.readers).toBe(1)
  socket.destroy()
  await vi.waitFor(() => expect(execution.readers).toBe(0), { timeout: 30_000 })
})

test('a reader that stops reading is disconnected after its time, holds no more memory, and is logged', async () => {
  const { app, engine, logged } = testApp({ stallMs: 100 })
  await using server = await listen(app, { host: '127.0.0.1', port: 0 })
  const execution = engine.add('acme').admit()
  const event = { ...startedEvent(1), correlationId: 'x'.repeat(1_000) }
  execution.emit(...Array.from({ length: 30_000 }, () => event))
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  socket.write(
    `GET /v1/executions/${execution.id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-of-acme\r\n\r\n`,
  )
  socket.pause()
  await vi.waitFor(() => expect(execution.taken).toBeGreaterThan(0), { timeout: 30_000 })
  await vi.waitFor(() => expect(execution.readers).toBe(0), { timeout: 20_000 })
  expect(execution.taken).toBeLessThan(30_000)
  expect(logged.join('')).toContain('the connection was closed: the reader took no data for ')
  socket.on('error', () => {}).resume()
  await once(socket, 'close')
})

test('an idle stream does not count as stalled, nor does one that is read', async () => {
  const { app, engine } = testApp({ stallMs: 50, heartbeatMs: 10 })
  await using server = await listen(app, { host: '127.0.0.1', port: 0 })
  const execution = engine.add('acme').admit()
  const response = await fetch(`${server.url}/v1/executions/${execution.id}/events`, {
    headers: { authorization: 'Bearer key-of-acme' },
  })
  // Heartbeats come 10 ms apart or more, so that these take twice as long as a reader may stall.
  const text = await readWithHeartbeats(response, 11, () => execution.emit(startedEvent(1)).finish())
  expect(text).toContain(frame(1))
})

test('line breaks between the tokens of a value stay within its event', async () => {
  const { engine, send } = testApp()
  const execution = engine.add('acme').admit()
  execution.rawJson = '{"a":\r\n[1,\n2\r]}'
  execution.emit(startedEvent(1)).finish()
  const text = await (await send('GET', `/v1/executions/${execution.id}/events`)).text()
  expect(text).toBe('id: 1\nevent: started\ndata: {"a":\ndata: [1,\ndata: 2\ndata: ]}\n\n')
})

test('a client that disconnects while it awaits its result no longer counts as a reader', async () => {
  const { app, engine } = testApp()
  await using server = await listen(app, { host: '127.0.0.1', port: 0 })
  engine.onSubmit = (execution) => execution.admit()
  for (const accept of ['application/json', 'text/event-stream']) {
    const connection = new AbortController()
    const answered = fetch(`${server.url}/v1/executions`, {
      method: 'POST',
      headers: { authorization: 'Bearer key-of-acme', 'content-type': 'application/json', accept },
      body: '{"code": "1"}',
      signal: connection.signal,
    }).catch(() => undefined)
    await vi.waitFor(() => expect([...engine.executions.values()].at(-1)?.readers).toBe(1), { timeout: 30_000 })
    const execution = [...engine.executions.values()].at(-1)
    connection.abort()
    await answered
    await vi.waitFor(() => expect(execution?.readers).toBe(0), { timeout: 30_000 })
    engine.executions.clear()
    execution?.finish()
  }
})
