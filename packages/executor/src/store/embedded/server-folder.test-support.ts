// A folder of data for each test, and processes that own the server on it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath, geteuid, kill } from 'node:process'
import { createInterface } from 'node:readline'

import pg from 'pg'
import { afterEach, beforeEach, expect } from 'vitest'

import { isRunning } from './data-directory.ts'
import { lockOf } from './running-server.ts'
import type { EmbeddedPostgres } from './start-embedded-postgres.ts'

const program = new URL('embedded-owner.test-support.ts', import.meta.url).pathname
/** User and group that no test machine lacks. */
export const nobody = ['65534', '65534']
export const isRoot = geteuid?.() === 0
/** Whether the tests run as root and can run servers as the user of PostgreSQL. */
export const hasPostgresUser = isRoot && /^postgres:/m.test(readFileSync('/etc/passwd', 'utf8'))
/** User of the owners that tests start, if it is not the one of the tests. */
const usualUser = isRoot && !hasPostgresUser ? nobody : []

/** Line that an owner has written: the server's address, or an error. */
export type Report = Pick<EmbeddedPostgres, 'url' | 'connection' | 'isAdopted'> & { name: string; message: string }

/** Process that owns a server, in a process group of its own. */
export interface Owner {
  readonly pid: number
  readonly report: Promise<Report>
  readonly exited: Promise<unknown>
  /** Sends SIGTERM, and resolves with the exit code. */
  stop(): Promise<unknown>
  /** Sends SIGKILL to the process group. */
  killGroup(): Promise<void>
}

/** Makes a folder of data for each test of the file. After the test, ends its owners and its server, and removes the folder. */
export function useServerFolder() {
  let dataDir: string
  let owners: Owner[]
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'codemode-data-'))
    chmodSync(dataDir, 0o777)
    owners = []
  })

  afterEach(async () => {
    for (const owner of owners) await owner.killGroup()
    await stopAtOnce(join(dataDir, 'postgres'))
    rmSync(dataDir, { recursive: true })
  })

  /** Starts a process that owns a server, in a process group of its own. */
  function startOwner({
    user = usualUser,
    variables = {},
  }: { user?: string[]; variables?: Record<string, string> } = {}): Owner {
    const child = spawn(execPath, ['--conditions=@codemode/source', program, dataDir, ...user], {
      env: { PATH: env['PATH'], ...variables },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const exited = once(child, 'exit')
    const report = once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(line) as Report)
    const owner: Owner = {
      pid: child.pid!,
      report,
      async stop() {
        child.kill('SIGTERM')
        return exited.then(([code]: unknown[]) => code)
      },
      async killGroup() {
        if (child.exitCode === null && child.signalCode === null) kill(-child.pid!, 'SIGKILL')
        await exited
      },
      exited,
    }
    owners.push(owner)
    return owner
  }

  return {
    startOwner,
    /** Stops the server and removes its folder. */
    async removeServer(): Promise<void> {
      await stopAtOnce(join(dataDir, 'postgres'))
      rmSync(join(dataDir, 'postgres'), { recursive: true })
    },
    get dataDir() {
      return dataDir
    },
    /** Folder of the server in the folder of the data. */
    get folder() {
      return join(dataDir, 'postgres')
    },
    get serverPid() {
      return lockOf(join(dataDir, 'postgres'))?.pid
    },
    /** Names of folders in which `initdb` works or was interrupted. */
    get unfinished() {
      return readdirSync(dataDir).filter((name) => name.includes('.initdb-'))
    },
  }
}

/** Stops a server that a test has left, without its owner. */
async function stopAtOnce(folder: string): Promise<void> {
  if (!existsSync(join(folder, 'postmaster.pid'))) return
  const { pid, address } = lockOf(folder)!
  if (isRunning(pid)) kill(pid, 'SIGQUIT')
  await expect.poll(() => existsSync(join(folder, 'postmaster.pid')) && isServer(pid)).toBe(false)
  if (address !== undefined) rmSync(address.folder, { recursive: true, force: true })
}

/** Returns whether a process runs; one that has ended, and that nobody has waited for yet, does not. */
export function isServer(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Sends one query in a connection of its own. */
export async function query(report: Report, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(report.connection)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows
  } finally {
    await client.end()
  }
}

/** Returns the numbers in the table `kept`. */
export const numbers = async (report: Report) =>
  (await query(report, 'select n from kept order by n')).map(({ n }) => n)
