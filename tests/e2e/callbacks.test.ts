/** Tests SSRF protection: which addresses a callback may reach, with a hostile client and a hostile tool server. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { api, keyOf, type KeysFile, startExecutor, writeKeysFile } from '@codemode/testkit'

type Answer = (outgoing: ServerResponse, incoming: IncomingMessage) => void

/** Starts an HTTP server in place of a tool server; the test decides its answers. */
async function hostileServer(answer: Answer): Promise<{ url: string; requests: IncomingMessage[]; open: Set<Socket> }> {
  const requests: IncomingMessage[] = []
  const open = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming)
    incoming.resume().on('end', () => answer(outgoing, incoming))
  })
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tools`, requests, open }
}

let executor: RunningExecutor
let keys: KeysFile

beforeAll(async () => {
  keys = await writeKeysFile({ acme: {}, rival: {} })
  executor = await startExecutor(keys.config)
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await keys[Symbol.asyncDispose]()
})

const code = 'return tools.x().catch(({ code, message, data, retryable }) => ({ code, message, data, retryable }))'

/** Runs code that makes one tool call to this URL, and returns what the code and its sender see of it. */
async function callTo(url: string, options: { tenant?: string; limits?: object; at?: RunningExecutor } = {}) {
  const { tenant = 'acme', limits = {}, at = executor } = options
  const { status, body } = await api(at, '/v1/executions', {
    key: keyOf(tenant),
    body: { code, tools: [{ name: 'x' }], callback: { url, token: 't'.repeat(16) }, limits },
  })
  return { status, seen: body.result, calls: body.toolCalls, error: body.error }
}

test('the executor follows no redirect of a tool server', { tags: ['TL-3'] }, async () => {
  const inner = await hostileServer((outgoing) => outgoing.end('{"ok":true,"output":"secret"}'))
  for (const status of [301, 302, 307, 308]) {
    const host = await hostileServer((outgoing) => outgoing.writeHead(status, { location: inner.url }).end())
    expect(await callTo(host.url)).toMatchObject({ seen: { code: 'TOOL_UNAVAILABLE' } })
    expect(host.requests).toHaveLength(1)
  }
  expect(inner.requests).toHaveLength(0)
})

test('the executor cuts off an endless answer at the limit and closes its connection', { tags: ['TL-2'] }, async () => {
  let sentBytes = 0
  const chunk = Buffer.alloc(65_536, 0x20)
  const host = await hostileServer((outgoing) => {
    const more = (): void => {
      while (!outgoing.destroyed && outgoing.write(chunk)) sentBytes += chunk.length
    }
    outgoing.on('drain', more)
    more()
  })
  expect(await callTo(host.url)).toMatchObject({ seen: { code: 'TOOL_OUTPUT_TOO_LARGE' } })
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024)
  await expect.poll(() => host.open.size).toBe(0)
})

test("the call's clock ends an answer that trickles, and closes its connection", { tags: ['RT-3'] }, async () => {
  const host = await hostileServer((outgoing) => {
    const drip = setInterval(() => outgoing.write(' '), 10)
    outgoing.on('close', () => clearInterval(drip))
  })
  expect(await callTo(host.url, { limits: { toolTimeoutMs: 300 } })).toMatchObject({ seen: { code: 'TOOL_TIMEOUT' } })
  await expect.poll(() => host.open.size).toBe(0)
})

test(
  'a closed port, a server without HTTP and one that disconnects look the same to the code and to its sender',
  { tags: ['TL-3'] },
  async () => {
    const gone = await hostileServer(() => {})
    const closedPort = new URL(gone.url).port
    const hangsUp = await hostileServer((_, incoming) => incoming.socket.resetAndDestroy())
    const noHttp = await hostileServer((_, incoming) => void incoming.socket.end('220 smtp ready\r\n'))
    const noTls = await hostileServer(() => {})
    const urls = [
      hangsUp.url,
      noHttp.url,
      noTls.url.replace('http:', 'https:'),
      `http://127.0.0.1:1/`,
      `https://localhost:${closedPort}/`,
    ]
    const seen = await Promise.all(urls.map((url) => callTo(url)))
    const same = {
      status: 200,
      error: undefined,
      seen: { code: 'TOOL_UNAVAILABLE', message: expect.stringContaining('gave no valid answer'), retryable: true },
      calls: [{ tool: 'x', status: 'failed', errorCode: 'TOOL_UNAVAILABLE' }],
    }
    for (const each of seen) expect(each).toMatchObject(same)
    expect(new Set(seen.map(({ seen }) => JSON.stringify(seen))).size).toBe(1)
  },
)

test.each([
  'http://10.0.0.1/',
  'http://169.254.169.254/',
  'http://[::ffff:10.0.0.1]/',
  'http://0xa9fea9fe/',
  'ftp://x/',
])('the executor refuses a callback to %s before the code runs', { tags: ['TL-3'] }, async (url) => {
  const { status, error } = await callTo(url)
  expect([400, 403]).toContain(status)
  expect(['INVALID_REQUEST', 'CALLBACK_FORBIDDEN']).toContain(error.code)
})

test('a pattern of origins gives no access to a name of the local machine', { tags: ['TL-3'] }, async () => {
  const host = await hostileServer((outgoing) => outgoing.end('{"ok":true,"output":1}'))
  const { port } = new URL(host.url)
  await using strict = await startExecutor({
    ...keys.config,
    dev: false,
    callbackOrigins: [`http://*:${port}`],
  })
  expect(await callTo(`http://127.0.0.1:${port}/`, { at: strict })).toMatchObject({ status: 403 })
  expect(await callTo(`http://localhost:${port}/`, { at: strict })).toMatchObject({
    status: 200,
    seen: { code: 'TOOL_UNAVAILABLE' },
  })
  expect(host.requests).toHaveLength(0)
})

test('two tenants never share a connection to the same tool server', { tags: ['TL-5'] }, async () => {
  const host = await hostileServer((outgoing) => outgoing.end('{"ok":true,"output":1}'))
  const ports = { acme: new Set<unknown>(), rival: new Set<unknown>() }
  for (let n = 0; n < 5; n++) {
    for (const tenant of ['acme', 'rival'] as const) {
      expect(await callTo(host.url, { tenant })).toMatchObject({ seen: 1 })
      ports[tenant].add(host.requests.at(-1)!.socket.remotePort)
    }
  }
  expect(ports.acme.intersection(ports.rival)).toEqual(new Set())
})
