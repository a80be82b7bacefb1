import {
  chownSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { kill, pid } from 'node:process'

import { majorVersion, type Binaries } from './binaries.ts'
import { codeOf } from '../../system-error.ts'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import { run, type RunAs } from './run-program.ts'

/** Name of the database superuser, by which the executor connects. */
export const databaseUser = 'codemode'

/** Returns the folder of the server in that of the executor's data. */
export function serverFolder(dataDir: string): string {
  return join(resolve(dataDir), 'postgres')
}

/** Returns whether an executor has stored data in the folder before. */
export function hasEmbeddedData(dataDir: string): boolean {
  return existsSync(join(serverFolder(dataDir), 'PG_VERSION'))
}

/** Suffix of a folder in which `initdb` works, followed by the id of the executor's process. */
const unfinished = '.initdb-'

/**
 * Creates the data of a server unless it exists. `initdb` works in a folder of its own, which gets the right name when it
 * has ended, so that half of its work is never taken for the whole. Rejects with `EmbeddedPostgresError`.
 */
export async function ensureData(folder: string, binaries: Binaries, runAs: RunAs): Promise<void> {
  const version = versionOf(folder)
  if (version === majorVersion) return
  if (version !== undefined) throw wrongVersion(folder, version)
  const work = `${folder}${unfinished}${pid}`
  try {
    removeUnfinished(folder)
    rmSync(work, { recursive: true, force: true })
    mkdirSync(work, { mode: 0o700 })
  } catch (error) {
    throw unreadable(folder, error)
  }
  try {
    if (runAs.uid !== undefined) chownSync(work, runAs.uid, runAs.gid ?? runAs.uid)
    const { exitCode, output } = await run(binaries.initdb, ['-D', work, ...initdbOptions], { ...binaries, runAs })
    if (exitCode !== 0) throw failedInitdb(folder, output, runAs)
    moveInto(work, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Options of `initdb`: only the socket admits connections, and sorting does not depend on the system's locales. */
const initdbOptions = [
  `--username=${databaseUser}`,
  '--auth-local=trust',
  '--auth-host=reject',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
]

/** Returns the major version of the data in the folder; undefined if the folder is missing or empty. */
function versionOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unreadable(folder, error)
  }
  if (isMissingOrEmpty(folder)) return undefined
  throw new EmbeddedPostgresError(
    `${folder} is not empty, but has no data of PostgreSQL (PG_VERSION is missing). Move it away, or set CODEMODE_DATA_DIR ` +
      `to another folder. ${useOwnServer}`,
  )
}

function isMissingOrEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw unreadable(folder, error)
  }
}

/** Renames a finished folder. If another executor was faster, its data is used. */
function moveInto(work: string, folder: string): void {
  try {
    renameSync(work, folder)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw unreadable(folder, error)
  }
  const parent = openSync(dirname(folder), 'r')
  fsyncSync(parent)
  closeSync(parent)
}

/** Removes folders in which an `initdb` was interrupted, except those of processes that run. */
function removeUnfinished(folder: string): void {
  const parent = dirname(folder)
  for (const name of readdirSync(parent)) {
    const path = join(parent, name)
    const process = path.startsWith(`${folder}${unfinished}`) ? Number(path.slice(`${folder}${unfinished}`.length)) : 0
    if (process > 0 && !isRunning(process)) rmSync(path, { recursive: true, force: true })
  }
}

/** Returns whether a process with this id exists. Only the system's ESRCH proves that none does. */
export function isRunning(processId: number): boolean {
  try {
    return kill(processId, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

function wrongVersion(folder: string, version: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The data in ${folder} is of PostgreSQL ${version}, and the embedded server is PostgreSQL ${majorVersion}. Dump the data ` +
      `with the executor's version that wrote it (pg_dumpall), move the folder away, and restore the dump. ${useOwnServer}`,
  )
}

function failedInitdb(folder: string, output: string, runAs: RunAs): EmbeddedPostgresError {
  const hint =
    runAs.uid === undefined ? '' : ` The server runs as user ${runAs.uid}, who needs access to the folders above it.`
  return new EmbeddedPostgresError(
    `The data of the embedded PostgreSQL can't be created in ${folder}: ${output.trim()}.${hint} Correct this, or set ` +
      `CODEMODE_DATA_DIR to another folder. ${useOwnServer}`,
  )
}

function unreadable(folder: string, error: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The folder ${folder} can't be used (${codeOf(error) ?? String(error)}). Correct the path or the permissions, or set ` +
      `CODEMODE_DATA_DIR to another folder. ${useOwnServer}`,
  )
}
