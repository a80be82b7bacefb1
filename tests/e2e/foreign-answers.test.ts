/** Errors for answers that are not an executor's, and the attempts that follow such answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'

import { describe, expect, onTestFinished, test } from 'vitest'

import { ExecutorClient, type ExecutorClientError } from '@codemode/client'

import {
  apiKey,
  connect,
  freePort,
  listenLocally,
  startExecutor,
  startTinyProxy,
  toolLatch,
  transports,
} from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const retry = { maxAttempts: 3, backoffBaseMs: 1 }

type Answering = (response: ServerResponse, request: IncomingMessage) => void

/** Headers by which an executor names itself. */
const reading = { 'x-codemode-instance': '0'.repeat(32), 'x-codemode-clock': '1' }

/**
 * A server that is no executor, and the requests that it got. Before an executor that has answered the first question
 * of a client, it answers the requests to run code only.
 */
async function foreignServer(answer: Answering, { isBeforeExecutor = false } = {}) {
  const requests: string[] = []
  const server = await listenLocally(
    createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`)
      const isAnswered = isBeforeExecutor && request.url === '/v1/info'
      request
        .resume()
        .on('end', () => (isAnswered ? response.writeHead(200, reading).end('{}') : answer(response, request)))
    }),
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { url: server.url, requests }
}

/** The errors of an execution that waits for one answer, and of one that follows events. */
async function failuresAt(url: string): Promise<ExecutorClientError[]> {
  const client = connect({ url }, { retry })
  try {
    const failures = await Promise.allSettled([client.run('return 1'), client.submit('return 1').then((e) => e.wait())])
    return failures.map((each) => (each as PromiseRejectedResult).reason as ExecutorClientError)
  } finally {
    await client.close()
  }
}

const page =
  (status: number, body: string, type = 'text/html; charset=utf-8'): Answering =>
  (response) =>
    void response.writeHead(status, { 'content-type': type }).end(body)

const loginPage = `<!doctype html><html><head><title>Sign in</title><style>p { color: red }</style>
  <script>if (1 < 2) location = 'x'</script></head><body><p>Please <b>sign in</b></p></body></html>`

describe('a URL without an executor', () => {
  test.each<[string, Answering, RegExp]>([
    [
      'a login page',
      page(200, loginPage),
      /HTTP 200: got text\/html from .*not a Codemode executor.*Sign in Please sign in/,
    ],
    ['an empty 200', (response) => response.end(), /HTTP 200: got an empty response from .*not a Codemode executor/],
    ['a 204', (response) => response.writeHead(204).end(), /HTTP 204: got an empty response/],
    ['JSON of another service', page(200, '{"hello":"world"}', 'application/json'), /got application\/json from/],
    ['malformed JSON', page(200, '{"hello":', 'application/json'), /got application\/json from/],
    [
      'plain text',
      page(200, 'It works!', 'text/plain'),
      /got text\/plain from .*executor\. The response says "It works!"\.$/,
    ],
    ['a picture', page(200, '\u0089PNG', 'image/png'), /got image\/png from .*executor\.$/],
    ['a page that is not found', page(404, '<h1>Not Found</h1>'), /HTTP 404: got text\/html from .*"Not Found"/],
    ['another method', page(405, 'no', 'text/plain'), /HTTP 405: got text\/plain/],
    ['a page of a firewall', page(403, '<h1>Blocked</h1>'), /HTTP 403: got text\/html/],
    ['an error page', page(500, '<h1>Oops</h1>'), /HTTP 500: got text\/html from .*not a Codemode executor.*"Oops"/],
    ['a captive portal', page(511, 'log in', 'text/plain'), /HTTP 511: got text\/plain/],
    [
      'a server with compressed pages',
      (r) =>
        void r
          .writeHead(404, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
          .end(gzipSync('<p>zipped</p>')),
      /HTTP 404: got text\/html in gzip from .*"zipped"/,
    ],
  ])('%s is named in the error, and gets one request only', { tags: ['RT-1'] }, async (_, answer, message) => {
    for (const isBeforeExecutor of [false, true]) {
      const { url, requests } = await foreignServer(answer, { isBeforeExecutor })
      for (const failure of await failuresAt(url)) {
        expect(failure.message).toMatch(message)
        expect(failure.message).toContain(`${url}/v1/${isBeforeExecutor ? 'executions' : ''}`)
        expect(failure).toMatchObject({
          attempts: 1,
          retryable: false,
          suggestion: expect.stringContaining('executorUrl') as string,
        })
        expect(failure.code).not.toMatch(/^(?:OUTCOME_AMBIGUOUS|INTERNAL)$/)
      }
      // Where the question for the reading is refused, the code is not sent at all.
      const asked = new Set(requests)
      expect(asked.has('POST /v1/executions') || !isBeforeExecutor).toBe(true)
      for (const each of ['GET /v1/info', 'POST /v1/executions'].filter((route) => asked.has(route))) {
        expect(requests.filter((request) => request === each).length).toBeLessThanOrEqual(2)
      }
    }
  })

  test.each([301, 302, 303, 307, 308])(
    'a %i is not followed, and the error names its target without query',
    { tags: ['RT-1'] },
    async (status) => {
      const elsewhere = await foreignServer(page(200, '{}'))
      const location = `${elsewhere.url.replace('//', '//user:password@')}/login?next=secret#fragment`
      const { url } = await foreignServer((response) => void response.writeHead(status, { location }).end())
      for (const failure of await failuresAt(url)) {
        expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', httpStatus: status, attempts: 1, ambiguous: false })
        expect(failure.message).toContain(`redirects to ${elsewhere.url}/login, and`)
        expect(failure.message).not.toMatch(/secret|password|fragment/)
      }
      expect(elsewhere.requests).toEqual([])
    },
  )

  test('no error contains the key that the server echoes', { tags: ['RT-1'] }, async () => {
    const { url } = await foreignServer((response, { headers }) => {
      const echo = `${JSON.stringify(headers)} ${headers.authorization} ${'😀'.repeat(300)}`
      response.writeHead(400, { 'content-type': 'text/plain' }).end(echo)
    })
    for (const failure of await failuresAt(url)) {
      expect(`${failure.message}${JSON.stringify(failure)}`).not.toContain(apiKey)
      expect(failure.message.isWellFormed()).toBe(true)
      expect(failure.message.length).toBeLessThan(500)
    }
  })

  test('a server that is not an executor is neither live nor ready', { tags: ['RT-1'] }, async () => {
    const { url } = await foreignServer(page(200, loginPage))
    await using client = new ExecutorClient({ executorUrl: url, executorApiKey: apiKey })
    expect([await client.isLive(), await client.isReady()]).toEqual([false, false])
  })
})

test.each([408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 527, 530])(
  'a %i of a gateway is retried, and the last error quotes the answer',
  { tags: ['RT-1'] },
  async (status) => {
    const answer = page(status, '<h1>Web server is down</h1>')
    const unreached = await foreignServer(answer)
    for (const failure of await failuresAt(unreached.url)) {
      expect(failure).toMatchObject({ attempts: 3, httpStatus: status, ambiguous: false })
      expect(failure.message).toMatch(new RegExp(`HTTP ${status}: got text/html from ${unreached.url}/v1/info`))
    }
    // The question for the reading comes first, so that nothing can have run.
    expect(unreached.requests).toEqual(Array(6).fill('GET /v1/info'))
    const { url, requests } = await foreignServer(answer, { isBeforeExecutor: true })
    for (const failure of await failuresAt(url)) {
      expect(failure).toMatchObject({ attempts: 3, httpStatus: status })
      expect(failure.message).toMatch(new RegExp(`HTTP ${status}: got text/html from ${url}/v1/executions`))
      expect(failure.message).toContain('"Web server is down"')
      // A gateway may have passed the request on before it gave up.
      const isAmbiguous = ![425, 429].includes(status)
      expect(failure.ambiguous).toBe(isAmbiguous)
      expect(failure.code === 'OUTCOME_AMBIGUOUS').toBe(isAmbiguous)
    }
    expect(requests.filter((each) => each === 'POST /v1/executions')).toHaveLength(6)
  },
)

describe('a server without HTTP', () => {
  test.each<[string, string, string, RegExp]>([
    ['another protocol', 'http:', 'SSH-2.0-OpenSSH_9.2\r\n', /does not respond with HTTP: /],
    ['TLS on a plain URL', 'http:', '\u0015\u0003\u0001\u0000\u0002\u0002\u0046', /does not respond with HTTP: /],
    [
      'plain HTTP on a TLS URL',
      'https:',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      /The TLS handshake with the server at \S+ failed: /,
    ],
    [
      'a switch of protocols',
      'http:',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      /broke: bad upgrade/,
    ],
  ])('%s is named in the error', { tags: ['RT-1'] }, async (_, protocol, banner, message) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(banner, 'latin1'))
    })
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    for (const failure of await failuresAt(`${protocol}//127.0.0.1:${port}`)) {
      expect(failure.message).toMatch(message)
      expect(failure.suggestion).toMatch(/executorUrl|called twice/)
    }
  })
})

test.each<[string, (body: Buffer) => Buffer]>([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])(
  'the client decodes all answers that a proxy has compressed with %s',
  { tags: ['RT-1'] },
  async (encoding, compress) => {
    const asked: unknown[] = []
    const proxy = await startTinyProxy(suite.executor, ({ request, response }, answer) => {
      asked.push(request.headers['accept-encoding'])
      const { 'content-length': _, ...headers } = answer.headers
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        response.writeHead(answer.statusCode!, { ...headers, 'content-encoding': encoding })
        response.end(compress(Buffer.concat(chunks)))
      })
    })
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    await using client = connect(proxy, { retry })
    expect(await client.executeAsync('return 4')).toBe(4)
    expect(await (await client.submit('return 5')).wait()).toMatchObject({ result: 5 })
    await expect(client.executeAsync('return (')).rejects.toMatchObject({ code: 'SYNTAX_ERROR' })
    expect(new Set(asked)).toEqual(new Set(['identity']))
  },
)

test('the client repeats the request for an answer that a proxy has cut', { tags: ['RT-2'] }, async () => {
  let cuts = 0
  const proxy = await startTinyProxy(suite.executor, ({ request, response }, answer) => {
    const { 'content-length': _, ...headers } = answer.headers
    let text = ''
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    answer.on('end', () => {
      const isCut = request.method === 'POST' && cuts++ === 0
      response.writeHead(answer.statusCode!, headers).end(isCut ? text.slice(0, -20) : text)
    })
  })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  await using client = connect(proxy, { retry })
  expect(await client.executeAsync('return 4')).toBe(4)
  expect(cuts).toBe(2)
})

describe('a gateway before a tool server', () => {
  /** A client whose tool server is behind a gateway that answers the first deliveries by itself. */
  async function behind(answer: Answering, times: number) {
    const port = await freePort()
    let left = times
    const ids: unknown[] = []
    const proxy = await listenLocally(
      createServer((request, response) => {
        ids.push(request.headers['webhook-id'])
        if (left-- > 0) {
          request.resume().on('end', () => answer(response, request))
          return
        }
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const headers = request.headers as Record<string, string>
          void forward(`http://127.0.0.1:${port}/`, headers, Buffer.concat(chunks)).then((text) => response.end(text))
        })
      }),
    )
    let runs = 0
    const client = connect(suite.executor, {
      toolServer: { port, url: proxy.url },
      tools: { count: () => (runs += 1) },
    })
    onTestFinished(() => client.close().then(() => proxy[Symbol.asyncDispose]()))
    return { client, ids, runs: () => runs }
  }

  test.each([408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 527, 530])(
    'with a %i causes a retry with the same call id, and the handler runs once',
    { tags: ['TL-6'] },
    async (status) => {
      const { client, ids, runs } = await behind(page(status, '<h1>Bad Gateway</h1>'), 2)
      const result = await client.run('return tools.count()')
      expect(result).toMatchObject({ success: true, result: 1 })
      expect(ids).toEqual(Array.from({ length: 3 }, () => `${result.executionId}:1`))
      expect(runs()).toBe(1)
    },
  )

  test('may delay the retry by Retry-After', { tags: ['RT-1'] }, async () => {
    const times: number[] = []
    const busy: Answering = (response) => {
      times.push(performance.now())
      response.writeHead(503, { 'retry-after': '1' }).end()
    }
    const { client } = await behind(busy, 2)
    expect(await client.executeAsync('return tools.count()')).toBe(1)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(995)
  })

  const seen = 'return tools.count().catch(({ code, message, retryable }) => ({ code, message, retryable }))'

  test('with a permanent 502 makes the call unavailable, and the message says so', { tags: ['TL-6'] }, async () => {
    const { client, runs } = await behind(page(502, '<h1>Bad Gateway</h1>'), Infinity)
    expect(await client.executeAsync(seen)).toEqual({
      code: 'TOOL_UNAVAILABLE',
      message: 'The tool "count" is unavailable: its server gave no valid answer (a gateway before it answered 502).',
      retryable: true,
    })
    expect(runs()).toBe(0)
  })

  test.each<[string, Answering]>([
    ['a login page', page(200, loginPage)],
    ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['an empty answer', (response) => void response.end()],
    [
      'a compressed answer',
      (response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"ok":true,"output":1}')),
    ],
    ['an error of its own', page(500, 'no')],
  ])('that answers with %s fails the call, and the code learns no details', { tags: ['TL-6'] }, async (_, answer) => {
    const { client, ids } = await behind(answer, Infinity)
    expect(await client.executeAsync(seen)).toMatchObject({
      code: 'TOOL_UNAVAILABLE',
      message: 'The tool "count" is unavailable: its server gave no valid answer.',
    })
    expect(ids).toHaveLength(1)
  })

  test("delays the retries only until the call's clock ends", { tags: ['RT-3'] }, async () => {
    const { client } = await behind((response) => void response.writeHead(503, { 'retry-after': '60' }).end(), Infinity)
    const code = 'return tools.count().catch(({ code, data }) => [code, data.timeoutMs])'
    expect(await client.executeAsync(code, { toolTimeoutMs: 200 })).toEqual(['TOOL_TIMEOUT', 200])
  })
})

async function forward(url: string, headers: Record<string, string>, body: Buffer): Promise<string> {
  const { host: _, connection: __, 'content-length': ___, ...rest } = headers
  return (await fetch(url, { method: 'POST', headers: rest, body: new Uint8Array(body) })).text()
}

test.each(transports)(
  'a 500 of a gateway does not decide about an execution that still runs ($transport)',
  { tags: ['RT-2'] },
  async ({ config }) => {
    // With a short heartbeat, the response of an execution with a callback begins before its end.
    const executor = await startExecutor({ heartbeatMs: 100, disconnectGraceMs: 60_000 })
    onTestFinished(() => executor.close({ drainMs: 0 }))
    const { enter, open, signals } = toolLatch()
    let failures = 0
    const proxy = await startTinyProxy(executor, ({ request, response }, answer) => {
      if (request.method === 'POST' && request.url === '/v1/executions' && failures++ === 0) {
        answer.destroy()
        response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Oops</h1>')
        return
      }
      if (failures > 0) open()
      response.writeHead(answer.statusCode!, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
    })
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    await using client = connect(proxy, { ...config, retry, tools: { enter } })
    expect(await client.run('return tools.enter(4)')).toMatchObject({ success: true, result: 4 })
    expect({ failures, calls: signals.length }).toEqual({ failures: 1, calls: 1 })
  },
)

const endless: Answering = (response) => {
  const more = (error?: Error | null): void => {
    if (!error) response.write('x'.repeat(1024 * 1024), more)
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: ', more)
}

test(
  'the client gives up an endless event once it is longer than any event of an executor',
  { tags: ['RT-1'] },
  async () => {
    const { url } = await foreignServer(endless, { isBeforeExecutor: true })
    await using client = connect({ url }, { retry: false })
    const execution = client.submit('return 1').then((each) => each.wait())
    await expect(execution).rejects.toThrow(/event of more than 33554432 characters/)
  },
)

const repeating: Answering = (response) => {
  const twice = { 'content-type': ['text/html', 'text/plain'], 'retry-after': ['1', '2'], date: ['x', 'y'] }
  for (const [name, values] of Object.entries(twice)) response.setHeader(name, values)
  response.writeHead(502).end('<h1>Bad gateway</h1>')
}

test('the error for a gateway that repeats headers is the usual one', { tags: ['RT-1'] }, async () => {
  const { url } = await foreignServer(repeating, { isBeforeExecutor: true })
  for (const failure of await failuresAt(url)) {
    expect(failure).toMatchObject({ code: 'OUTCOME_AMBIGUOUS', httpStatus: 502, attempts: 3 })
    expect(failure.message).toContain('HTTP 502: got text/html')
  }
})
