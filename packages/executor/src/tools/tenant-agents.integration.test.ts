import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { Agent, request } from 'undici'
import { expect, onTestFinished, test, vi } from 'vitest'

import { TenantAgents } from './tenant-agents.ts'

const never = new AbortController().signal

/** Starts a server that tells each request which connection it came by, and creates the agents that call it. */
async function start(options: Partial<ConstructorParameters<typeof TenantAgents>[0]> = {}) {
  const open = new Set<Socket>()
  const held: ServerResponse[] = []
  let connections = 0
  const numbers = new Map<Socket, number>()
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/held') held.push(outgoing)
    else outgoing.end(String(numbers.get(incoming.socket)))
  })
  // Longer than a test, so that no connection is replaced because a test was slow.
  server.keepAliveTimeout = 600_000
  server.on('connection', (socket) => {
    numbers.set(socket, ++connections)
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const agents = new TenantAgents({ createAgent: () => new Agent(), ...options })
  onTestFinished(async () => {
    await agents[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  const call = (tenant: string, path = '/', signal = never) =>
    agents.use(tenant, signal, async (dispatcher) => {
      const { body } = await request(url + path, { dispatcher, signal })
      return body.text()
    })
  return { agents, open, held, call }
}

test('a tenant reuses its connections, and never one of another tenant', async () => {
  const { call } = await start()
  const used = { acme: new Set<string>(), rival: new Set<string>() }
  for (let n = 0; n < 20; n++) for (const tenant of ['acme', 'rival'] as const) used[tenant].add(await call(tenant))
  expect(used.acme.intersection(used.rival)).toEqual(new Set())
  expect(used.acme.size + used.rival.size).toBeLessThan(10)
})

test('an agent is closed after it has been idle for a while, and not during use', async () => {
  const { call, open, held } = await start({ idleMs: 20 })
  await call('acme')
  await vi.waitFor(() => expect(open.size).toBe(0), { timeout: 30_000 })
  const slow = call('acme', '/held')
  await vi.waitFor(() => expect(held).toHaveLength(1), { timeout: 30_000 })
  await call('rival')
  await vi.waitFor(() => expect(open.size).toBe(1), { timeout: 30_000 })
  held[0]!.end('at last')
  expect(await slow).toBe('at last')
  await vi.waitFor(() => expect(open.size).toBe(0), { timeout: 30_000 })
  expect(await call('acme')).toBe('4')
})

test('the number of idle agents is bounded, and the least recently used one is closed first', async () => {
  const { call, open } = await start({ maxIdle: 2 })
  for (const tenant of ['a', 'b', 'a', 'c']) await call(tenant)
  await vi.waitFor(() => expect(open.size).toBe(2), { timeout: 30_000 })
  expect([await call('a'), await call('c')]).toEqual(['1', '3'])
  expect(await call('b')).toBe('4')
})

test("a tenant's requests above the bound wait in order, and delay no other tenant", async () => {
  const { call, held } = await start({ maxRequests: 2 })
  const slow = [call('acme', '/held'), call('acme', '/held')]
  await vi.waitFor(() => expect(held).toHaveLength(2), { timeout: 30_000 })
  const order: string[] = []
  const waiting = ['first', 'second'].map((name) => call('acme').then(() => order.push(name)))
  await call('rival')
  expect(order).toEqual([])
  held[0]!.end()
  await Promise.all(waiting)
  expect(order).toEqual(['first', 'second'])
  held[1]!.end()
  await Promise.all(slow)
})

test('a request that is aborted while it waits frees its place', async () => {
  const { call, held } = await start({ maxRequests: 1 })
  const slow = call('acme', '/held')
  await vi.waitFor(() => expect(held).toHaveLength(1), { timeout: 30_000 })
  const abort = new AbortController()
  const aborted = call('acme', '/', abort.signal)
  const next = call('acme')
  abort.abort(new Error('given up'))
  await expect(aborted).rejects.toThrow('given up')
  await expect(call('acme', '/', abort.signal)).rejects.toThrow('given up')
  held[0]!.end()
  await slow
  expect(await next).toMatch(/^\d$/)
})

test('disposing closes all connections, also those in use', async () => {
  const { agents, call, open, held } = await start()
  await call('rival')
  const slow = call('acme', '/held').catch(() => 'cut')
  await vi.waitFor(() => expect(held).toHaveLength(1), { timeout: 30_000 })
  await agents[Symbol.asyncDispose]()
  expect(await slow).toBe('cut')
  await vi.waitFor(() => expect(open.size).toBe(0), { timeout: 30_000 })
})
