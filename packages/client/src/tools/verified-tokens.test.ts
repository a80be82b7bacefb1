import { afterEach, expect, test, vi } from 'vitest'

import { signToken } from './execution-token.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const secret = new TextEncoder().encode('a secret of at least 32 characters')
const claims = { executionId: 'exe_1', tools: ['weather'] }

afterEach(() => void vi.useRealTimers())

test.each([
  ['issued here', (tokens: VerifiedTokens) => tokens.issue(claims, 60_000)],
  ['issued elsewhere', () => signToken({ ...claims, expiresAt: Date.now() + 60_000 }, secret)],
])('a token that was %s is valid until it expires, however often it has been verified', async (_, of) => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z'), toFake: ['Date'] })
  const tokens = new VerifiedTokens(secret)
  const token = of(tokens)
  expect(await tokens.verify(token)).toMatchObject(claims)
  vi.setSystemTime(Date.now() + 59_000)
  expect(await tokens.verify(token)).toMatchObject(claims)
  vi.setSystemTime(Date.now() + 1_000)
  expect(await tokens.verify(token)).toBeUndefined()
})

test('a token that resembles a verified one is verified separately', async () => {
  const tokens = new VerifiedTokens(secret)
  const token = tokens.issue(claims, 60_000)
  await tokens.verify(token)
  const [header, payload, signature] = token.split('.')
  const other = Buffer.from(JSON.stringify({ ...claims, sub: 'exe_2' })).toString('base64url')
  for (const forged of [`${header}.${other}.${signature}`, `${token}x`, `${header}.${payload}.`, token.toUpperCase()]) {
    expect(await tokens.verify(forged)).toBeUndefined()
  }
})
