import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { arch, platform } from 'node:process'

import { loadBinaries } from '../../packages/executor/src/store/embedded/binaries.ts'

/** Returns the folder of the programs of the embedded PostgreSQL, for a server that is reached by its URL. */
export async function embeddedPrograms(): Promise<string> {
  const linksFolder = join(tmpdir(), 'codemode-test-postgres-lib')
  const { initdb } = await loadBinaries({ platform, arch, runAs: {}, linksFolder })
  return dirname(initdb)
}
