// Arbitraries for requests with a fault in the body, the headers, the path, the method or the framing.
import fc from 'fast-check'
import { newExecutionId } from '@codemode/shared'

import { apiKey } from '@codemode/testkit'

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\u0000', '\ud800', '__proto__', 'constructor', '../../etc/passwd', '%00', '\r\nx: y', '💥', ' '),
  fc.constantFrom(
    'x'.repeat(300),
    '9'.repeat(400),
    'exe_1',
    newExecutionId(0),
    '-1',
    '1e9',
    'NaN',
    'null',
    '[object Object]',
  ),
)

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 0.5, 1e21, 1e308, 2 ** 53, -(2 ** 31), [], {}, [[]], [null], ''),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"constructor":{"prototype":1}}'), {
    toJSON: 1,
  }),
  oddText,
  fc.jsonValue({ maxDepth: 3 }),
)

const validBody = () => ({
  code: 'return 1',
  input: { a: [1] },
  context: { user: 'u' },
  config: { unit: 'm' },
  label: 'fuzz',
  tools: [{ name: 'x', description: 'd', inputSchema: { type: 'object', properties: { a: {} } }, timeoutMs: 50 }],
  callback: { url: 'http://127.0.0.1:1/', token: 't'.repeat(16) },
  limits: { cpuTimeoutMs: 200, executionTimeoutMs: 300, toolTimeoutMs: 100, memoryLimitMb: 32, maxToolCalls: 3 },
  priority: 1,
})

/** Valid request in which some properties have other values, or with unknown properties. */
const mutatedBody = fc
  .array(fc.tuple(fc.nat(), fc.option(oddText, { freq: 4 }), oddValue), { minLength: 0, maxLength: 3 })
  .map((changes) => {
    const body: Record<string, unknown> = validBody()
    for (const [at, key, value] of changes) {
      const places: [Record<string, unknown>, string][] = []
      const collect = (holder: object): void => {
        for (const [name, inner] of Object.entries(holder)) {
          places.push([holder as Record<string, unknown>, name])
          if (typeof inner === 'object' && inner !== null) collect(inner)
        }
      }
      collect(body)
      const [holder, name] = places[at % Math.max(1, places.length)] ?? [body, 'code']
      if (!Array.isArray(holder) || key === null)
        Object.defineProperty(holder, key ?? name, {
          value: structuredClone(value),
          enumerable: true,
          configurable: true,
          writable: true,
        })
    }
    return Buffer.from(JSON.stringify(body))
  })

const deepJson = fc
  .tuple(
    fc.constantFrom('input', 'context', 'tools', 'config', 'code', 'limits'),
    fc.integer({ min: 100, max: 60_000 }),
    fc.boolean(),
  )
  .map(([field, depth, isObject]) => {
    const [open, close] = isObject ? ['{"0":', '}'] : ['[', ']']
    return Buffer.from(`{"code":"return 1","${field}":${open.repeat(depth)}1${close.repeat(depth)}}`)
  })

const deepSchema = fc.integer({ min: 10, max: 30_000 }).map((depth) => {
  const schema = `${'{"0":'.repeat(depth)}1${'}'.repeat(depth)}`
  return Buffer.from(
    `{"code":"return 1","callback":{"url":"http://127.0.0.1:1/","token":"${'t'.repeat(16)}"},"tools":[{"name":"x","inputSchema":${schema}}]}`,
  )
})

const brokenText = fc
  .tuple(mutatedBody, fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat({ max: 5 }))
  .map(([body, at, bytes, cut]) => {
    const from = at % Math.max(1, body.length)
    return Buffer.concat([body.subarray(0, from), bytes, body.subarray(from + cut)])
  })

const toolResults = fc
  .array(
    fc.record({
      callId: oddText,
      answer: fc.oneof(oddValue, fc.record({ ok: fc.boolean(), output: oddValue, error: oddValue })),
    }),
    {
      maxLength: 3,
    },
  )
  .map((results) => Buffer.from(JSON.stringify({ results })))

const body = fc
  .oneof(
    { weight: 5, arbitrary: mutatedBody },
    { weight: 2, arbitrary: brokenText },
    { weight: 1, arbitrary: deepJson },
    { weight: 1, arbitrary: deepSchema },
    { weight: 1, arbitrary: toolResults },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: oddValue.map((value) => Buffer.from(JSON.stringify(value))) },
  )
  // fast-check prints a counterexample as text.
  .map((bytes) => Object.assign(bytes, { [fc.toStringMethod]: () => bytes.toString('latin1').slice(0, 300) }))

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant('POST') },
  { weight: 3, arbitrary: fc.constant('GET') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY', 'get', 'X', ''),
  },
)

const id = fc.oneof(
  fc.constantFrom(
    'exe_1',
    newExecutionId(0),
    '%00',
    '..',
    '%2e%2e',
    '__proto__',
    '%ff',
    '%',
    '💥',
    'x'.repeat(9_000),
    '',
    '%0d%0a',
  ),
  fc.constant('KNOWN'),
)

const path = fc.oneof(
  { weight: 6, arbitrary: fc.constant('/v1/executions') },
  {
    weight: 4,
    arbitrary: fc
      .tuple(id, fc.constantFrom('', '/events', '/journal', '/cancel', '/tool-results', '/x'))
      .map(([id, rest]) => `/v1/executions/${id}${rest}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/',
      '*',
      '//',
      '/v1',
      '/v1/info',
      '/openapi.json',
      '/v1/executions?x=%',
      'http://evil.example/v1/info',
      '/v1/executions/?',
      '/livez',
    ),
  },
)

/** Header value as Latin-1 bytes, without the characters that would end the header. */
const headerValue = oddText.map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ''),
)

const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'accept',
      'content-type',
      'idempotency-key',
      'x-correlation-id',
      'traceparent',
      'last-event-id',
      'x-codemode-timeout-ms',
      'authorization',
      'content-encoding',
      'host',
      'expect',
      'connection',
      'x-codemode-execution-id',
      'content-length',
      'transfer-encoding',
      'upgrade',
    ),
    fc.oneof(
      headerValue,
      fc.constantFrom(
        'text/event-stream',
        'application/json',
        '*/*',
        '0',
        '1',
        '100-continue',
        'chunked',
        'chunked, chunked',
        'gzip',
        'close',
        'h2c',
        'websocket',
      ),
    ),
  ),
  fc.tuple(fc.constantFrom('accept', 'x', 'authorization'), fc.constantFrom('y'.repeat(20_000), 'y'.repeat(7_000))),
  fc.tuple(headerValue, headerValue),
)

const framing = fc.constantFrom(
  'length',
  'length',
  'length',
  'chunked',
  'chunked cut',
  'length too long',
  'length too short',
  'none',
  'bad chunk',
)

/** One request of a hostile client. */
export const wireRequest = fc.record({
  method,
  path,
  headers: fc.array(header, { maxLength: 3 }),
  isPlain: fc.boolean(),
  isJson: fc.constantFrom(true, true, true, false),
  framing,
  body,
})

interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  /** Whether the odd headers are left out. */
  readonly isPlain: boolean
  readonly isJson: boolean
  readonly framing: string
  readonly body: Buffer
}

/** Returns a request as it is sent over the socket; `known` is the id of an existing execution. */
export function bytesOf({ method, path, headers, isPlain, isJson, framing, body }: WireRequest, known: string): Buffer {
  const framed: Record<string, [string, Buffer]> = {
    length: [`content-length: ${body.length}`, body],
    'length too long': [`content-length: ${body.length + 10}`, body],
    'length too short': [`content-length: ${Math.max(0, body.length - 5)}`, body],
    chunked: ['transfer-encoding: chunked', Buffer.concat([chunk(body), Buffer.from('0\r\n\r\n')])],
    'chunked cut': ['transfer-encoding: chunked', chunk(body).subarray(0, -3)],
    'bad chunk': ['transfer-encoding: chunked', Buffer.concat([Buffer.from('zz\r\n'), body])],
    none: ['x-none: 1', body],
  }
  const [framingHeader, sent] = framed[framing]!
  const lines = [
    `${method} ${Buffer.from(path.replace('KNOWN', known)).toString('latin1')} HTTP/1.1`,
    'host: x',
    `authorization: Bearer ${apiKey}`,
    ...(isJson ? ['content-type: application/json'] : []),
    framingHeader,
    'connection: close',
    ...(isPlain ? [] : headers.map(([name, value]) => `${name}: ${value}`)),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), sent])
}

function chunk(body: Buffer): Buffer {
  if (body.length === 0) return Buffer.alloc(0)
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}
