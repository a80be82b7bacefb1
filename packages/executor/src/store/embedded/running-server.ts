// Looks at a server that may run already: at the lock file in its data, at its process, and through its socket.
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

import pg from 'pg'

import { databaseUser } from './data-directory.ts'
import { codeOf } from '../../system-error.ts'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import type { SocketAddress } from './socket-folder.ts'

/** Content of a server's lock file, `postmaster.pid`. */
export interface Lock {
  readonly pid: number
  /** Socket of the server; undefined until the server has written it. */
  readonly address: SocketAddress | undefined
}

/** Returns what the server's lock file says; undefined if there is none. */
export function lockOf(folder: string): Lock | undefined {
  let lines: string[]
  try {
    lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      `${folder}/postmaster.pid can't be read (${codeOf(error)}). Correct the permissions. ${useOwnServer}`,
    )
  }
  const [pid = '', , , port = '', socketFolder = ''] = lines
  if (!/^\d+$/.test(pid)) return undefined
  return {
    pid: Number(pid),
    address: socketFolder === '' || !/^\d+$/.test(port) ? undefined : { folder: socketFolder, port: Number(port) },
  }
}

/** Returns program and state of a process (`Z` if it has ended); undefined if there is no such process, and on macOS. */
export function processOf(pid: number): { name: string; state: string } | undefined {
  try {
    const [, name = '', state = ''] = /^\d+ \((.*)\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return { name, state }
  } catch {
    return undefined
  }
}

/** State of a server: it serves this data, is about to, serves other data, or does not answer. */
export type ServerState = 'ready' | 'starting' | 'foreign' | 'silent'

/** Returns the state of the server at the address, with respect to the data in the folder. */
export async function probe(address: SocketAddress, folder: string): Promise<ServerState> {
  const client = new pg.Client({ ...connectionTo(address, 'postgres'), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return isSamePath(rows[0]?.data_directory ?? '', folder) ? 'ready' : 'foreign'
  } catch (error) {
    if (codeOf(error) === 'EACCES') return 'foreign'
    if (!(error instanceof pg.DatabaseError)) return 'silent'
    // 57P0x: it starts up, recovers, shuts down. 53xxx: it has too little of something, such as connections.
    return /^(57P|53)/.test(error.code ?? '') ? 'starting' : 'foreign'
  } finally {
    await client.end().catch(() => {})
  }
}

function isSamePath(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    return one === other
  }
}

/** Returns the options of a client that connects to a database of the server. */
export function connectionTo({ folder, port }: SocketAddress, database: string) {
  return { host: folder, port, user: databaseUser, database }
}
