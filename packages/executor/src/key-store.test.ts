import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { fileKeyStore, singleKeyStore } from './key-store.ts'
import { createLogger } from './log.ts'

const defaults = { maxRunning: 10, maxQueued: 5, isolation: 'tenant' as const, reuseIsolates: true }
const entry = (id: string, key: string, more: object = {}) => ({
  id,
  tenant: `tenant of ${id}`,
  sha256: createHash('sha256').update(key).digest('hex'),
  ...more,
})

let folder: string
let path: string
let lines: string[]
const logger = createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codemode-keys-'))
  path = join(folder, 'keys.json')
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const store = (now?: () => number) => fileKeyStore({ path, defaults, logger, pollMs: 20, ...(now && { now }) })
const write = (...entries: object[]) => writeFileSync(path, JSON.stringify(entries))

test('a single key belongs to the tenant default', () => {
  const keys = singleKeyStore('the only key', defaults)
  expect(keys.find('the only key')).toMatchObject({ keyId: 'default', tenant: 'default', ...defaults })
  for (const wrong of ['', 'the only kez', 'the only key ']) expect(keys.find(wrong)).toBeUndefined()
  expect(keys.findById('default')).toMatchObject({ principal: { tenant: 'default' } })
  expect(keys.findById('the only key')).toBeUndefined()
})

test('a key is found by its id with its hash, until it expires or is removed', async () => {
  write(entry('a', 'key of a'), entry('b', 'key of b', { expiresAt: '2030-01-01T00:00:00Z' }))
  let now = Date.UTC(2029, 11)
  using keys = store(() => now)
  expect(keys.findById('a')).toMatchObject({ principal: keys.find('key of a'), sha256: expect.any(Buffer) as Buffer })
  expect(keys.findById('b')).toMatchObject({ principal: { keyId: 'b' } })
  now = Date.UTC(2030, 0)
  expect(keys.findById('b')).toBe('expired')
  write(entry('b', 'key of b'))
  await vi.waitUntil(() => keys.findById('a') === undefined, { timeout: 30_000 })
})

test('a file gives each key its tenant, until the key expires', () => {
  write(entry('k1', 'one'), entry('k2', 'two', { expiresAt: '2030-01-01T00:00:00Z' }))
  let now = Date.UTC(2029, 11)
  using keys = store(() => now)
  expect(keys.find('one')).toMatchObject({ tenant: 'tenant of k1' })
  expect(keys.find('two')).toMatchObject({ tenant: 'tenant of k2' })
  now = Date.UTC(2030, 0)
  expect(keys.find('two')).toBe('expired')
  expect(keys.find('one')).toMatchObject({ keyId: 'k1' })
})

test('a changed file is read again, and a broken one keeps the old keys and is logged', async () => {
  write(entry('k1', 'one'))
  using keys = store()

  write(entry('k2', 'two'))
  await vi.waitFor(() => expect(keys.find('two')).toBeDefined(), { timeout: 30_000 })
  expect(keys.find('one')).toBeUndefined()

  writeFileSync(path, '[{"sha256": "half of a')
  await vi.waitFor(() => expect(lines.join('')).toContain('the previous keys stay in use'), { timeout: 30_000 })
  expect(keys.find('two')).toBeDefined()

  writeFileSync(`${path}.new`, JSON.stringify([entry('k3', 'three')]))
  renameSync(`${path}.new`, path)
  await vi.waitFor(() => expect(keys.find('three')).toBeDefined(), { timeout: 30_000 })
})

test('a file may have no key: nobody is admitted, and a warning says so', async () => {
  write()
  using keys = store()
  expect(keys.find('one')).toBeUndefined()
  expect(lines.join('')).toContain('codemode-executor keys create')
  write(entry('k1', 'one'))
  await vi.waitFor(() => expect(keys.find('one')).toBeDefined(), { timeout: 30_000 })
  lines = []
  write()
  await vi.waitFor(() => expect(lines.join('')).toContain('every request is refused'), { timeout: 30_000 })
  expect(keys.find('one')).toBeUndefined()
})

test('a file whose keys have all expired is reported as one without keys', () => {
  write({ ...entry('k1', 'one'), expiresAt: '2020-01-01T00:00:00Z' })
  using _keys = store()
  expect(lines.join('')).toContain('every API key has expired, so every request is refused')
})

test('a file that is missing or broken at the start is refused with an example', () => {
  expect(store).toThrow(/does not exist \(ENOENT\)\. Create it with a first key: .*keys create/)
  writeFileSync(path, '{}')
  expect(store).toThrow(/expected array.*\n.*keys create.*\n.*sha256sum/)
})
