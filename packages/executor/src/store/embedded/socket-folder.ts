import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import type { RunAs } from './run-program.ts'

/** Maximum bytes of a socket's path: 103 on macOS, 107 on Linux. */
const maxPathBytes = 103
const prefix = 'codemode-pg-'
const port = 5432

/** Address of a server's unix socket. */
export interface SocketAddress {
  /** Folder of the socket. */
  readonly folder: string
  /** Number in the name of the socket. */
  readonly port: number
}

/** Creates a folder for a socket, in a short temporary path. Only the user of the server may enter it. */
export function createSocketFolder(runAs: RunAs): SocketAddress {
  const folder = mkdtempSync(join(temporaryFolder(tmpdir()), prefix))
  if (runAs.uid !== undefined) chownSync(folder, runAs.uid, runAs.gid ?? runAs.uid)
  return { folder, port }
}

/** Creates the folder again if somebody has removed it. */
export function restoreSocketFolder({ folder }: SocketAddress, runAs: RunAs): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) === undefined) return
  if (runAs.uid !== undefined) chownSync(folder, runAs.uid, runAs.gid ?? runAs.uid)
}

/** Removes a folder that {@link createSocketFolder} has made, unless it has other files than the socket's. */
export function removeSocketFolder({ folder }: SocketAddress): void {
  if (!basename(folder).startsWith(prefix)) return
  try {
    for (const name of readdirSync(folder)) if (name.startsWith('.s.PGSQL.')) rmSync(join(folder, name))
    rmdirSync(folder)
  } catch {
    // What remains is an empty folder in the temporary one.
  }
}

/** Returns the folder for temporary files, or `/tmp` if its path is too long or has characters that a setting can't hold. */
export function temporaryFolder(folder: string): string {
  const longest = join(folder, `${prefix}XXXXXX`, `.s.PGSQL.${port}`)
  return Buffer.byteLength(longest) <= maxPathBytes && /^[\w./-]+$/.test(folder) ? folder : '/tmp'
}
