import { expect, test } from 'vitest'

import { ensureData } from './data-directory.ts'

test('a folder in which nothing can be created is refused with a way out', async () => {
  const binaries = { initdb: '/nonexistent', pgCtl: '/nonexistent', postgres: '/nonexistent', env: {} }
  const failure = await ensureData('/proc/self/no-such-folder/postgres', binaries, {}).catch((error: Error) => error)
  expect(failure).toMatchObject({ name: 'EmbeddedPostgresError' })
  expect((failure as Error).message).toMatch(/can't be used \(ENOENT\).*CODEMODE_DATA_DIR.*CODEMODE_DATABASE_URL/)
})
