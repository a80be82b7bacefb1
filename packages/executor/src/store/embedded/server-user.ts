import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'

import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import type { RunAs } from './run-program.ts'

interface ServerUserOptions {
  /** Folder of the server's data, which may not exist yet. */
  readonly folder: string
  /** Effective user id of the executor. */
  readonly uid: number | undefined
  /** Returns user and group of a name, or undefined. */
  readonly lookup?: (name: string) => Required<RunAs> | undefined
}

/**
 * Returns the user that runs the server: the executor's own or, for root, whom PostgreSQL refuses, the owner of the data, or
 * the user `postgres` for new data. Throws `EmbeddedPostgresError` if there is none.
 */
export function serverUser({ folder, uid, lookup = lookupUser }: ServerUserOptions): RunAs {
  if (uid !== 0) return {}
  const owner = statSync(folder, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const postgres = lookup('postgres')
  if (postgres !== undefined && postgres.uid !== 0) return postgres
  throw new EmbeddedPostgresError(
    'The embedded PostgreSQL does not run as root, and there is no user "postgres" to run it as. Run the executor as ' +
      `another user than root, or create the user: useradd --system postgres. ${useOwnServer}`,
  )
}

function lookupUser(name: string): Required<RunAs> | undefined {
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  try {
    return { uid: idOf('-u'), gid: idOf('-g') }
  } catch {
    return undefined
  }
}
