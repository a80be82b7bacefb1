import { createHmac } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'

import { afterEach, expect, test, vi } from 'vitest'

import { signToken, verifyToken } from './execution-token.ts'

const secret = new TextEncoder().encode('a secret of at least 32 characters')
const claims = { executionId: 'exe_1', tools: ['weather'], isBound: false }

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const tokenOf = () => signToken({ ...claims, issuedAt: Date.now(), expiresAt: Date.now() + 60_000 }, secret)

/** Returns a token with the given parts, signed correctly with the secret. */
function signed(header: unknown, payload: unknown): string {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

afterEach(() => void vi.useRealTimers())

test('a token is valid until it expires', () => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00.250Z'), toFake: ['Date'] })
  const issuedAt = Date.now()
  const token = tokenOf()
  expect(verifyToken(token, secret)).toEqual({ ...claims, issuedAt, expiresAt: issuedAt + 60_000 })
  vi.setSystemTime(issuedAt + 59_999)
  expect(verifyToken(token, secret)).toMatchObject(claims)
  vi.setSystemTime(issuedAt + 60_000)
  expect(verifyToken(token, secret)).toBeUndefined()
})

test('a token of 1,000 tools fits into a request header, and its payload has no room for more', () => {
  const tools = Array.from({ length: 1_000 }, (_, i) => `github.list_things_of_kind_${i}`)
  const token = signToken({ ...claims, tools, issuedAt: Date.now(), expiresAt: Date.now() + 60_000 }, secret)
  expect(token.length).toBeLessThan(8_192)
  expect(verifyToken(token, secret)?.tools).toEqual(tools)
  const bomb = deflateRawSync('x'.repeat(1_000_000)).toString('base64url')
  const text = `${encode({ alg: 'HS256', zip: 'DEF' })}.${bomb}`
  expect(
    verifyToken(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`, secret),
  ).toBeUndefined()
})

test('a token whose bytes were changed is refused', () => {
  const token = tokenOf()
  const [header, payload, signature] = token.split('.')
  const other = encode({ sub: 'exe_2', tools: ['weather'], aud: 'codemode-tool-server', iat: 0, exp: 4e9 })
  const forged = [
    '',
    'e30.e30.e30',
    `${header}.${other}.${signature}`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature}.`,
    `${encode({ alg: 'none' })}.${payload}.`,
    `${encode({ alg: 'none' })}.${payload}.${signature}`,
    `${token}x`,
    `${token}=`,
    token.slice(0, -1),
    ` ${token}`,
    token.toUpperCase(),
  ]
  expect(forged.filter((each) => verifyToken(each, secret) !== undefined)).toEqual([])
})

test('a token of another secret is refused', () => {
  expect(verifyToken(tokenOf(), new TextEncoder().encode('another secret of 32 characters.'))).toBeUndefined()
})

test('a JWT that the same secret signed for another purpose is refused', () => {
  const header = { alg: 'HS256' }
  const payload = { sub: 'exe_1', tools: ['weather'], aud: 'codemode-tool-server', iat: 0, exp: 4e9 }
  expect(verifyToken(signed(header, payload), secret)).toMatchObject(claims)
  expect(verifyToken(signed({ alg: 'HS256', typ: 'JWT' }, payload), secret)).toBeUndefined()
  for (const wrong of [
    { aud: 'another' },
    { aud: undefined },
    { exp: undefined },
    { exp: '4e9' },
    { tools: 'weather' },
  ]) {
    expect(verifyToken(signed(header, { ...payload, ...wrong }), secret)).toBeUndefined()
  }
  expect(verifyToken(signed(header, 'text'), secret)).toBeUndefined()
})
