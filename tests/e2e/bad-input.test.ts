import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { errorBodySchema, newExecutionId } from '@codemode/shared'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'

import { api, startExecutor } from '@codemode/testkit'

const key = 'the-key-of-tenant-acme'
const otherKey = 'the-key-of-tenant-other'
const expiredKey = 'an-expired-key-of-acme'
const MiB = 1024 * 1024

let executor: RunningExecutor
let folder: string
/** Id of an execution of tenant acme that has ended. */
let ended: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-keys-'))
  const keys = [
    entry('acme', 'acme', key),
    entry('other', 'other', otherKey),
    { ...entry('expired', 'acme', expiredKey), expiresAt: '2020-01-01T00:00:00Z' },
  ]
  await writeFile(join(folder, 'keys.json'), JSON.stringify(keys))
  executor = await startExecutor({ apiKey: undefined, apiKeysFile: join(folder, 'keys.json') })
  const { body } = await send('/v1/executions', { body: { code: 'console.log(1); return 2' } })
  ended = body.executionId
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await rm(folder, { recursive: true })
})
afterEach(async () => {
  expect(await send('/v1/executions', { body: { code: 'return input + 1', input: 1 } })).toMatchObject({
    status: 200,
    body: { success: true, result: 2 },
  })
})

function entry(id: string, tenant: string, secret: string): Record<string, string> {
  return { id, tenant, sha256: createHash('sha256').update(secret).digest('hex') }
}

type Sent = Parameters<typeof api>[2]
const send = (path: string, init: Sent = {}) => api(executor, path, { key, ...init })

/** Sends a request that must be refused, and returns its error. */
async function refused(status: number, code: string, path: string, init: Sent = {}) {
  const correlationId = 'a-correlation-id-of-mine'
  const answer = await send(path, { ...init, headers: { 'x-correlation-id': correlationId, ...init.headers } })
  expect(answer).toMatchObject({ status, body: { error: { code, correlationId } } })
  expect(answer.headers.get('x-correlation-id')).toBe(correlationId)
  expect(errorBodySchema.strict().safeParse(answer.body).error).toBeUndefined()
  return { ...answer.body.error, headers: answer.headers }
}

const tools = [{ name: 'weather' }]
const token = 'x'.repeat(16)
const withId = (more: object) => ({ body: { code: '1', ...more } })

test.each<[string, Sent, string?]>([
  ['JSON that ends too early', { body: '{"code": "1"' }, 'line 1, column 13'],
  ['JSON with a trailing comma', { body: '{"code": "1",}' }],
  ['a body that is not JSON', { body: 'code=1' }],
  ['an empty body', { body: '', headers: { 'content-length': '0' } }, 'empty'],
  ['null', { body: 'null' }],
  ['a list', { body: '[]' }],
  ['a string', { body: '"1"' }],
  ['no code', { body: {} }, 'code: is missing'],
  ['code that is a number', { body: { code: 5 } }, 'code'],
  ['an unknown field', withId({ tool: [] }), 'did you mean "tools"?'],
  ['an unknown nested field', withId({ limits: { cpuTimeout: 5 } }), 'did you mean "cpuTimeoutMs"?'],
  ['an id of another form', withId({ id: 'exe_1' }), 'id'],
  ['a context that is a list', withId({ context: [] }), 'context'],
  ['a config that is text', withId({ config: 'x' }), 'config'],
  ['a label that is too long', withId({ label: 'x'.repeat(257) }), 'label'],
  ['a fractional priority', withId({ priority: 0.5 }), 'priority'],
  ['a limit below 1', withId({ limits: { cpuTimeoutMs: 0 } }), 'limits.cpuTimeoutMs'],
  ['a limit that is text', withId({ limits: { memoryLimitMb: '64' } }), 'limits.memoryLimitMb'],
  ['a limit above the maximum of the key', withId({ limits: { cpuTimeoutMs: 30_001 } }), 'limits.cpuTimeoutMs'],
  [
    'an inner clock longer than the outer one',
    withId({ limits: { cpuTimeoutMs: 2_000, executionTimeoutMs: 1_000 } }),
    'limits.cpuTimeoutMs (2000 ms) is longer than limits.executionTimeoutMs (1000 ms)',
  ],
  ['a tool without a name', withId({ tools: [{}] }), 'tools[0].name'],
  ['a tool with an invalid name', withId({ tools: [{ name: 'a b' }] }), 'tools[0].name'],
  ['a tool declared twice', withId({ tools: [...tools, ...tools] }), 'declared twice'],
  ['tools without a way to call them', withId({ tools }), 'no way to call them'],
  [
    'an unknown form of requiresApproval',
    withId({ tools: [{ name: 'pay', requiresApproval: true }] }),
    'tools[0].requiresApproval: it must be one of always, conditional',
  ],
  ['a callback without a token', withId({ callback: { url: 'http://127.0.0.1:9/' } }), 'callback.token'],
  [
    'a callback with a token that is invalid in a header',
    withId({ callback: { url: 'http://127.0.0.1:9/', token: `${token}\r\nx: 1` } }),
  ],
  ['a callback that is not an HTTP URL', withId({ callback: { url: 'file:///etc/passwd', token } }), 'callback.url'],
  ['another content type', { body: '{"code":"1"}', headers: { 'content-type': 'text/plain' } }, 'text/plain'],
  ['a compressed body', { body: '{"code":"1"}', headers: { 'content-encoding': 'gzip' } }, 'gzip'],
  ['an idempotency key of another form', { body: { code: '1' }, headers: { 'idempotency-key': 'again' } }],
  [
    'two different ids',
    { body: { code: '1', id: newExecutionId() }, headers: { 'idempotency-key': newExecutionId() } },
  ],
  ['a deadline that is not a number', { body: { code: '1' }, headers: { 'x-codemode-timeout-ms': 'soon' } }],
])('POST /v1/executions refuses %s with 400', async (_what, init, says = '') => {
  const error = await refused(400, 'INVALID_REQUEST', '/v1/executions', { method: 'POST', ...init })
  expect(error.message).toContain(says)
  expect(error).toMatchObject({ retryable: false, ambiguous: false })
})

test('the executor refuses a body that is not UTF-8 with 400', async () => {
  const response = await fetch(`${executor.url}/v1/executions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
  })
  expect(response.status).toBe(400)
  expect(errorBodySchema.parse(await response.json()).error.message).toContain('UTF-8')
})

test.each([
  ['code', { code: ' '.repeat(256 * 1024 + 1) }, 262_145, 262_144],
  ['code in UTF-8', { code: 'ä'.repeat(128 * 1024 + 1) }, 262_146, 262_144],
  ['input', { code: '1', input: 'x'.repeat(MiB) }, MiB + 2, MiB],
  ['context', { code: '1', context: { a: 'x'.repeat(MiB) } }, MiB + 8, MiB],
  ['config', { code: '1', config: { a: 'x'.repeat(MiB) } }, MiB + 8, MiB],
])('the executor refuses too much %s with 413, its size and the limit', async (_what, body, sizeBytes, limitBytes) => {
  const error = await refused(413, 'PAYLOAD_TOO_LARGE', '/v1/executions', { body })
  expect(error.details).toMatchObject({ sizeBytes, limitBytes })
})

test('the executor refuses a body above the limit with 413, declared or not', async () => {
  const body = JSON.stringify({ code: '1', label: 'x'.repeat(5 * MiB) })
  await refused(413, 'PAYLOAD_TOO_LARGE', '/v1/executions', { body })
  const response = await fetch(`${executor.url}/v1/executions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: new Blob([body]).stream(),
    duplex: 'half',
  })
  expect(response.status).toBe(413)
})

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

test(
  'the executor accepts input, context and config nested to the limit, and refuses deeper ones',
  { tags: ['GU-1'] },
  async () => {
    const code = 'let depth = 0; for (let each = input; each !== undefined; each = each[0]) depth += 1; return depth'
    const body = (name: string, json: string) => `{"code":"${code}","${name}":${json}}`
    expect(await send('/v1/executions', { body: body('input', nested(1_000)) })).toMatchObject({
      status: 200,
      body: { success: true, result: 1_000 },
    })
    for (const [name, json] of [
      ['input', nested(1_001)],
      ['input', nested(2e5)],
      ['context', `{"a":${nested(1_000)}}`],
      ['config', `{"a":${nested(1_000)}}`],
    ] as const) {
      expect(await send('/v1/executions', { body: body(name, json) })).toMatchObject({
        status: 400,
        body: {
          error: { code: 'INVALID_REQUEST', message: expect.stringContaining('1000 levels'), details: { path: name } },
        },
      })
    }
  },
)

test('a key __proto__ of input, context or config reaches the code as any other key', { tags: ['EX-1'] }, async () => {
  const body = `{"code":"return JSON.stringify([input, context, config])","input":{"__proto__":1},"context":{"__proto__":{"a":2}},"config":{"__proto__":null}}`
  expect(await send('/v1/executions', { body })).toMatchObject({
    body: { success: true, result: '[{"__proto__":1},{"__proto__":{"a":2}},{"__proto__":null}]' },
  })
})

describe('keys', () => {
  const routes = [
    ['POST', '/v1/executions'],
    ['GET', '/v1/executions/exe_1'],
    ['GET', '/v1/executions/exe_1/events'],
    ['GET', '/v1/executions/exe_1/journal'],
    ['POST', '/v1/executions/exe_1/cancel'],
    ['POST', '/v1/executions/exe_1/tool-results'],
    ['GET', '/v1/info'],
  ] as const

  test.each(routes)('%s %s requires a known and valid key', async (method, path) => {
    const body = method === 'POST' ? { body: { code: '1' } } : {}
    const wrong = [
      ['', 'must be "Bearer"'],
      ['Basic Zm9vOmJhcg==', 'must be "Bearer"'],
      [`Bearer ${key} ${key}`, 'must be "Bearer"'],
      [`Bearer ${key}x`, 'not known'],
      [`Bearer ${key.toUpperCase()}`, 'not known'],
      [`Bearer ${expiredKey}`, 'expired'],
    ] as const
    for (const [authorization, says] of wrong) {
      const error = await refused(401, 'UNAUTHORIZED', path, { method, ...body, headers: { authorization } })
      expect(error.message).toContain(says)
      expect(error.message).not.toContain(key)
      expect(error.headers.get('www-authenticate')).toContain('Bearer')
    }
    const response = await fetch(executor.url + path, { method })
    expect(response.status).toBe(401)
    expect(errorBodySchema.parse(await response.json()).error.code).toBe('UNAUTHORIZED')
  })
})

describe("another tenant's execution", () => {
  const result = { results: [{ callId: 'x', answer: { ok: true, output: 1 } }] }

  test.each<[string, Sent]>([
    ['', {}],
    ['/events', {}],
    ['/journal', {}],
    ['/cancel', { body: {} }],
    ['/tool-results', { body: result }],
  ])('is answered as an unknown one at /v1/executions/:id%s', async (path, init) => {
    expect(
      await send(`/v1/executions/${ended}${path}`, { ...init, method: init?.body ? 'POST' : 'GET' }),
    ).toMatchObject({
      status: 200,
    })
    const unknown = newExecutionId()
    const told = []
    for (const id of [ended, unknown]) {
      const error = await refused(404, 'NOT_FOUND', `/v1/executions/${id}${path}`, { ...init, key: otherKey })
      told.push(JSON.stringify({ ...error, headers: undefined }).replaceAll(id, '<id>'))
    }
    expect(told[0]).toBe(told[1])
  })

  test('has an id that the other tenant can use for an execution of its own', async () => {
    const own = { code: 'return "of other"', id: ended }
    expect(await send('/v1/executions', { body: own, key: otherKey })).toMatchObject({
      status: 200,
      body: { executionId: ended, result: 'of other' },
    })
    expect(await send(`/v1/executions/${ended}`)).toMatchObject({ body: { result: 2 } })
  })
})

test('the executor refuses a taken id with 409, and repeats the answer for the same request', async () => {
  const body = { code: 'return Math.random()', id: newExecutionId() }
  const first = await send('/v1/executions', { body })
  const error = await refused(409, 'IDEMPOTENCY_CONFLICT', '/v1/executions', { body: { ...body, code: 'return 1' } })
  expect(error.executionId).toBe(body.id)
  expect((await send('/v1/executions', { body })).body).toEqual(first.body)
})

test.each([
  'https://evil.example/tools',
  'http://169.254.169.254/latest/meta-data',
  'http://10.0.0.1/',
  'http://[fd00::1]/',
  'http://0.0.0.0/',
  'http://127.0.0.1.evil.example/',
  'http://user:password@127.0.0.1:9/',
  'http://2130706434.evil.example/',
])('the executor refuses a callback to %s with 403', async (url) => {
  const body = { code: 'return tools.weather()', tools, callback: { url, token } }
  const error = await refused(403, 'CALLBACK_FORBIDDEN', '/v1/executions', { body })
  expect(JSON.stringify(error)).not.toContain(token)
})

test('the executor refuses a detached execution with 501 while there is no store', async () => {
  const error = await refused(501, 'STORE_DISABLED', '/v1/executions', { body: { code: '1', detached: true } })
  expect(error.suggestion).toBeTruthy()
})

test.each<[string, Sent, string]>([
  ['no results', { body: {} }, 'results: is missing'],
  ['empty results', { body: { results: [] } }, 'results'],
  ['a result without an answer', { body: { results: [{ callId: 'x' }] } }, 'results[0].answer'],
  ['a malformed answer', { body: { results: [{ callId: 'x', answer: { ok: 1 } }] } }, 'results[0].answer'],
  ['an unknown field', { body: { result: [] } }, 'did you mean "results"?'],
  ['malformed JSON', { body: '{' }, 'not valid JSON'],
  ['another content type', { body: '{}', headers: { 'content-type': 'text/xml' } }, 'text/xml'],
])('tool-results refuses %s with 400', async (_what, init, says) => {
  const error = await refused(400, 'INVALID_REQUEST', `/v1/executions/${ended}/tool-results`, init)
  expect(error.message).toContain(says)
})

test.each<[string, Sent, number, string]>([
  ['a reason that is not text', { body: { reason: 5 } }, 400, 'INVALID_REQUEST'],
  ['an unknown field', { body: { why: 'x' } }, 400, 'INVALID_REQUEST'],
  ['malformed JSON', { body: '{' }, 400, 'INVALID_REQUEST'],
  ['too large a body', { body: { reason: 'x'.repeat(65 * 1024) } }, 413, 'PAYLOAD_TOO_LARGE'],
])('cancel refuses %s', async (_what, init, status, code) => {
  const error = await refused(status, code, `/v1/executions/${ended}/cancel`, init)
  expect(error.retryable).toBe(false)
})

test('events refuses an invalid last-event-id', async () => {
  const headers = { 'last-event-id': 'first' }
  const error = await refused(400, 'INVALID_REQUEST', `/v1/executions/${ended}/events`, { headers })
  expect(error.message).toContain('last-event-id')
})

test.each([
  ['/v1/executions', 'PUT', 'POST'],
  ['/v1/executions', 'DELETE', 'POST'],
  ['/v1/executions/exe_1', 'POST', 'GET, HEAD'],
  ['/v1/executions/exe_1/events', 'POST', 'GET, HEAD'],
  ['/v1/executions/exe_1/cancel', 'GET', 'POST'],
  ['/v1/executions/exe_1/tool-results', 'GET', 'POST'],
  ['/v1/info', 'POST', 'GET, HEAD'],
  ['/livez', 'POST', 'GET, HEAD'],
])('%s refuses %s with 405 and names the allowed methods', async (path, method, allow) => {
  const error = await refused(405, 'INVALID_REQUEST', path, { method })
  expect(error.headers.get('allow')).toContain(allow)
})

test.each([
  '/',
  '/v1',
  '/v1/execution',
  '/v2/executions',
  '/v1/executions/',
  '/v1/executions/exe_1/secrets',
  '/%2e%2e/x',
])('%s has no route and gets a 404', async (path) => {
  const error = await refused(404, 'NOT_FOUND', path)
  expect(error.suggestion).toContain('/openapi.json')
})

test('the executor replaces an invalid correlation id and does not echo it', async () => {
  const answer = await send('/v1/nothing', { headers: { 'x-correlation-id': 'short' } })
  expect(answer.body.error.correlationId).toMatch(/^[\w.:\-/]{16,128}$/)
  expect(answer.headers.get('x-correlation-id')).toBe(answer.body.error.correlationId)
})
