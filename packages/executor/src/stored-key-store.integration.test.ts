import { createHash } from 'node:crypto'

import { expect, onTestFinished, test } from 'vitest'

import { createLogger } from './log.ts'
import { storedKeyStore } from './stored-key-store.ts'
import { migrateDatabase } from './store/postgres/administration.ts'
import { ApiKeysTable } from './store/postgres/api-keys-table.ts'
import { query, useServer } from './store/postgres/postgres-store.test-support.ts'

const servers = useServer()
const defaults = { maxRunning: 10, maxQueued: 5, isolation: 'tenant' as const, reuseIsolates: true }
const entry = (id: string, more: object = {}) => ({
  id,
  tenant: 'acme',
  sha256: createHash('sha256').update(`key of ${id}`).digest('hex'),
  ...more,
})

/** Starts the key store of one node, and collects its log. */
async function startKeys(url: string, now = Date.now) {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', to: { write: (line) => void lines.push(line) } })
  const keys = await storedKeyStore({ url, defaults, logger, pollMs: 20, now })
  onTestFinished(() => keys[Symbol.asyncDispose]())
  return { find: (id: string) => keys.find(`key of ${id}`), lines }
}

/** Changes the table as a command does. */
async function change(url: string, changed: (entries: object[]) => object[]): Promise<void> {
  await using table = new ApiKeysTable(url)
  await table.change((text) => changed(JSON.parse(text) as object[]) as { id: string }[])
}

const add = (url: string, ...entries: object[]) => change(url, (before) => [...before, ...entries])
const remove = (url: string, id: string) =>
  change(url, (before) => before.filter((key) => 'id' in key && key.id !== id))

async function newDatabase(): Promise<string> {
  const url = await servers.createDatabase()
  await migrateDatabase(url)
  return url
}

test('every node finds a key that was created, and no longer one that was revoked or has expired', async () => {
  const url = await newDatabase()
  await add(url, entry('first', { rights: ['run'], owner: 'web' }))
  let now = Date.UTC(2029, 11)
  const nodes = await Promise.all([1, 2].map(() => startKeys(url, () => now)))
  await add(url, entry('second', { expiresAt: '2030-01-01T00:00:00Z' }))
  for (const { find } of nodes) {
    expect(find('first')).toMatchObject({ keyId: 'first', owner: 'web', tenant: 'acme', rights: ['run'], ...defaults })
    await expect.poll(() => find('second')).toMatchObject({ keyId: 'second' })
    expect(find('third')).toBeUndefined()
  }
  now = Date.UTC(2030, 0)
  for (const { find } of nodes) expect(find('second')).toBe('expired')
  await remove(url, 'first')
  for (const { find } of nodes) await expect.poll(() => find('first')).toBeUndefined()
  await remove(url, 'second')
  for (const { lines } of nodes) await expect.poll(() => lines.at(-1)).toContain('there is no API key')
})

test('while the database is down, known keys stay valid, and a node that starts then knows no key until it is back', async () => {
  const url = await newDatabase()
  await add(url, entry('web'))
  const running = await startKeys(url)
  await servers.server.stop()
  const started = await startKeys(url)
  expect(() => started.find('web')).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) as Error)
  await expect.poll(() => running.lines.at(-1)).toContain('those read last stay in use')
  expect(running.find('web')).toMatchObject({ keyId: 'web' })
  await servers.server.start()
  await expect.poll(() => started.lines.join('')).toContain('can be read from the database again')
  expect(started.find('web')).toMatchObject({ keyId: 'web' })
  await remove(url, 'web')
  for (const { find } of [running, started]) await expect.poll(() => find('web')).toBeUndefined()
})

test('changes that are made at the same time all have their effect', async () => {
  const url = await newDatabase()
  const ids = ['a', 'b', 'c', 'd', 'e', 'f']
  await Promise.all(ids.map((id) => add(url, entry(id))))
  await using table = new ApiKeysTable(url)
  const { text } = await table.read()
  expect((JSON.parse(text!) as { id: string }[]).map(({ id }) => id).toSorted()).toEqual(ids)
})

test('an entry that is not valid is reported, and the keys before stay in use', async () => {
  const url = await newDatabase()
  await add(url, entry('web'))
  const { find, lines } = await startKeys(url)
  await query(url, `insert into codemode.api_keys (entry) values ('{"id": "x", "sha256": "y"}')`)
  await expect.poll(() => lines.at(-1)).toContain('the previous ones stay in use')
  expect(lines.at(-1)).toContain('tenant: is missing')
  expect(find('web')).toMatchObject({ keyId: 'web' })
})
