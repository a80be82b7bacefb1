// Data on which the embedded PostgreSQL does not start.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createLogger } from '../../log.ts'
import { hasPostgresUser, isRoot, useServerFolder } from './server-folder.test-support.ts'
import { startEmbeddedPostgres } from './start-embedded-postgres.ts'

const data = useServerFolder()

/** Starts a server in the process of the tests. */
const start = () => startEmbeddedPostgres({ dataDir: data.dataDir, logger: createLogger({ level: 'silent' }) })

/** Creates the folder of the server with the given files. */
function folder(files: Record<string, string>): void {
  mkdirSync(data.folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(data.folder, name), text)
}

test.runIf(!isRoot || hasPostgresUser).each([
  ['data of another major version', () => folder({ PG_VERSION: '17\n' }), 'is of PostgreSQL 17, and'],
  ['a folder of other files', () => folder({ 'notes.txt': '' }), 'has no data of PostgreSQL'],
  ['a version that can not be read', () => mkdirSync(join(data.folder, 'PG_VERSION'), { recursive: true }), 'EISDIR'],
  ['a file in place of the folder', () => writeFileSync(data.folder, ''), 'ENOTDIR'],
  ['data without its parts', () => folder({ PG_VERSION: '18\n' }), 'does not start: '],
])('%s is refused with a reason and a way out', async (_, prepare, reason) => {
  prepare()
  const before = readdirSync(data.dataDir)
  const failure = await start().catch((error: Error) => error)
  expect(failure).toMatchObject({ name: 'EmbeddedPostgresError' })
  expect((failure as Error).message).toContain(reason)
  expect((failure as Error).message).toContain('CODEMODE_DATABASE_URL')
  expect(readdirSync(data.dataDir)).toEqual(expect.arrayContaining(before))
})

test.runIf(!isRoot || hasPostgresUser)('data that is damaged is refused with what the server says', async () => {
  const owner = data.startOwner()
  await owner.report
  await owner.stop()
  writeFileSync(join(data.folder, 'global', 'pg_control'), 'damaged')
  await expect(start()).rejects.toThrow(/does not start: .*pg_control/s)
})

test.runIf(isRoot && hasPostgresUser)('a folder that the server may not enter is named', async () => {
  chmodSync(data.dataDir, 0o700)
  await expect(start()).rejects.toThrow(/can't be created in .*denied.*needs access to the folders above/s)
})
