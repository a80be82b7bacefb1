import { errorBodySchema, RequestError } from '@codemode/shared'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { jsonBody } from './body.ts'

const schema = z.strictObject({ name: z.string().optional(), size: z.int().max(5).optional() })
const readBody = jsonBody({ schema, maxBytes: 100 })
const post = (body: string | Uint8Array<ArrayBuffer> | ReadableStream, headers: Record<string, string> = {}) =>
  new Request('http://x/', {
    method: 'POST',
    body,
    duplex: 'half',
    headers: { 'content-type': 'application/json', ...headers },
  })

async function refusal(request: Request): Promise<RequestError> {
  const error: unknown = await readBody(request).catch((error: unknown) => error)
  if (!(error instanceof RequestError)) throw new Error('it was not refused')
  errorBodySchema.parse(error.toBody('c'))
  return error
}

test('readBody returns the value with its hash, with and without a declared length', async () => {
  for (const headers of [{}, { 'content-length': '13' }]) {
    const body = await readBody(post('{"name":"ä"}', headers))
    expect(body.value).toEqual({ name: 'ä' })
    expect(body.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(body.bytes.byteLength).toBe(13)
  }
})

describe('a body', () => {
  test.each([
    ['{"name": }', 'Unexpected token at line 1, column 10'],
    ['', 'is empty'],
    ['[]', 'expected object, received array'],
    ['null', 'expected object'],
    ['{"nam": "x"}', 'unknown field "nam"; did you mean "name"?'],
    ['{"colour": 1}', 'unknown field "colour"; known are name, size'],
    ['{"name": 1, "size": 9}', 'name: expected string, received number; size: the limit is 5, got 9'],
  ])('is refused when it is %s', async (text, message) => {
    const error = await refusal(post(text))
    expect(error.code).toBe('INVALID_REQUEST')
    expect(error.message).toContain(message)
  })

  test('is refused with each problem and its path in the details', async () => {
    expect((await refusal(post('{"size": "x", "siez": 1}'))).details).toEqual({
      issues: [
        { path: 'size', message: 'expected number, received string' },
        { path: '', message: 'unknown field "siez"; did you mean "size"?', nearest: 'size' },
      ],
    })
  })

  test('is refused when it is not UTF-8', async () => {
    expect((await refusal(post(new Uint8Array([0x22, 0xff, 0x22])))).message).toContain('UTF-8')
  })

  test('is refused when it has another type or encoding', async () => {
    expect((await refusal(post('{}', { 'content-type': 'text/plain' }))).message).toContain('"text/plain"')
    expect((await refusal(post('{}', { 'content-type': 'application/jsonp' }))).message).toContain('content-type')
    expect((await refusal(post('{}', { 'content-encoding': 'gzip' }))).message).toContain('content-encoding')
    await expect(readBody(post('{}', { 'content-type': 'Application/JSON; charset=utf-8' }))).resolves.toBeDefined()
  })

  test('is refused by its declared length before any of it is read', async () => {
    const request = post('{}', { 'content-length': '101' })
    const error = await refusal(request)
    expect(error).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { limitBytes: 100, sizeBytes: 101 } })
    expect(request.bodyUsed).toBe(false)
  })

  test('is refused while it arrives, once it exceeds the limit', async () => {
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1
        controller.enqueue(new TextEncoder().encode(' '.repeat(40)))
      },
    })
    expect((await refusal(post(endless))).code).toBe('PAYLOAD_TOO_LARGE')
    expect(sent).toBeLessThan(10)
  })

  test('is refused when it ends too early', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    expect((await refusal(post(broken))).message).toContain('is incomplete')
  })
})

test('an empty body is replaced by the default of the route', async () => {
  const optional = jsonBody({ schema, maxBytes: 100, whenEmpty: {} })
  const request = new Request('http://x/', { method: 'POST' })
  expect((await optional(request)).value).toEqual({})
})
