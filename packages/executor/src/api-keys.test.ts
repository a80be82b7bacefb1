import { readFileSync } from 'node:fs'

import { defaultRequestLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { apiKeySchema, defaultMaxLimits, maxDetachedMs, parseApiKeyEntries, parseApiKeys } from './api-keys.ts'

const defaults = { maxRunning: 10, maxQueued: 5, isolation: 'tenant' as const, reuseIsolates: true }
const entry = { id: 'k1', tenant: 'acme', sha256: 'a'.repeat(64) }
const read = (...entries: object[]) => parseApiKeys(JSON.stringify(entries), defaults)

test('a key has the default limits unless its entry sets others', () => {
  const [plain, own] = read(entry, {
    ...entry,
    id: 'k2',
    sha256: 'b'.repeat(64),
    limits: { cpuTimeoutMs: 1_000 },
    maxLimits: { memoryLimitMb: 64, maxToolCalls: 20_000 },
    owner: 'payroll',
    rights: ['read', 'approve'],
    maxRunning: 3,
    reuseIsolates: false,
    expiresAt: '2030-01-01T00:00:00Z',
  })
  expect(plain).toMatchObject({
    expiresAtMs: Infinity,
    principal: {
      keyId: 'k1',
      owner: 'k1',
      rights: ['run', 'read', 'approve', 'operate'],
      tenant: 'acme',
      defaultLimits: defaultRequestLimits,
      maxLimits: defaultMaxLimits,
      ...defaults,
    },
  })
  expect(own?.principal.defaultLimits).toEqual({ ...defaultRequestLimits, cpuTimeoutMs: 1_000, memoryLimitMb: 64 })
  expect(own?.principal.maxLimits).toMatchObject({ memoryLimitMb: 64, maxToolCalls: 20_000, cpuTimeoutMs: 30_000 })
  expect(own?.principal).toMatchObject({ owner: 'payroll', rights: ['read', 'approve'] })
  expect(own?.principal).toMatchObject({
    maxRunning: 3,
    maxQueued: 5,
    isolation: 'tenant',
    reuseIsolates: false,
  })
  expect(own?.expiresAtMs).toBe(Date.UTC(2030, 0))
})

test.each([
  [[{ ...entry, sha265: 'x' }], 'did you mean "sha256"?'],
  [[{ ...entry, sha256: 'sesame' }], '[0].sha256: must be 64 hexadecimal digits in lower case'],
  [[{ ...entry, sha256: 'A'.repeat(64) }], '[0].sha256: must be 64 hexadecimal digits in lower case'],
  [[{ ...entry, tenant: '' }], '[0].tenant'],
  [[{ ...entry, limits: { cpuTimeoutMs: 99_999 } }], '[0].limits.cpuTimeoutMs: exceeds maxLimits.cpuTimeoutMs (30000)'],
  [[{ ...entry, limits: { toolTimeoutMs: 31_000 } }], 'exceeds executionTimeoutMs (30000)'],
  [[{ ...entry, limits: { cpuTimeout: 1 } }], 'did you mean "cpuTimeoutMs"?'],
  [
    [{ ...entry, expiresAt: '2030-12-31' }],
    '[0].expiresAt: must be a time with its zone, such as 2030-12-31T12:00:00Z',
  ],
  [[entry, { ...entry, sha256: 'b'.repeat(64) }], 'two keys have the same id'],
  [[entry, { ...entry, id: 'k2' }], 'two keys have the same sha256'],
  [[{ ...entry, owner: '' }], '[0].owner'],
  [[{ ...entry, rights: [] }], '[0].rights: it must have at least 1 item'],
  [[{ ...entry, rights: ['raed'] }], '[0].rights[0]'],
])('the parser refuses %j', (entries, message) => {
  expect(() => read(...entries)).toThrow(message)
})

test('invalid JSON is refused with its position and without its content', () => {
  expect(() => parseApiKeys('[{"id": sesame}]', defaults)).toThrow('line 1, column 9')
  expect(() => parseApiKeys('[{"id": sesame}]', defaults)).not.toThrow('sesame')
})

const guide = readFileSync(new URL('../../../docs/keys.md', import.meta.url), 'utf8')
const rowOf = (field: string): string | undefined =>
  guide.split('\n').find((line) => line.startsWith(`| \`${field}\` `))

test('the example in docs/keys.md is a valid file, in which a key has every field', () => {
  const [example = ''] = /(?<=```json\n)[^`]*/.exec(guide) ?? []
  const [key] = parseApiKeyEntries(example)
  expect(Object.keys(key!).sort()).toEqual(Object.keys(apiKeySchema.shape).sort())
})

test('docs/keys.md describes every field, with its default', () => {
  for (const field of Object.keys(apiKeySchema.shape)) expect(rowOf(field)?.split('|')).toHaveLength(7)
  expect(rowOf('maxDetachedExecutionMs')).toContain(`| ${maxDetachedMs.toLocaleString('en')} (24 h) `)
  for (const [limit, value] of Object.entries(defaultRequestLimits)) {
    const numbers = [value, defaultMaxLimits[limit as keyof typeof defaultMaxLimits]]
    const cells = rowOf(limit)!
      .split('|')
      .map((cell) => cell.trim())
    expect(cells.slice(3, 5)).toEqual(numbers.map((number) => number.toLocaleString('en')))
  }
})
