// Starts the server, or finds the one that already runs on the data. A server has a session of its own and outlives its
// executor: after a crash of the executor, the next one adopts it.
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import type { Binaries } from './binaries.ts'
import { isRunning } from './data-directory.ts'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import { run, type RunAs } from './run-program.ts'
import { lockOf, probe, processOf, type Lock } from './running-server.ts'
import type { SocketAddress } from './socket-folder.ts'

/** Milliseconds for a server that says that it is starting up, recovers from a crash, or shuts down. */
const startingMs = 600_000
/** Milliseconds for a server that does not answer, and for the remains of one that was killed. */
const silentMs = 20_000
/** Milliseconds between two looks at a server that is not ready, in the first second and later. */
const lookMs = { first: 50, later: 250 } as const
/** Minimum milliseconds between two attempts to start a server. */
const attemptMs = 500
/** Maximum bytes of the server's log; a longer one is set aside at the next start. */
const maxLogBytes = 10 * 1024 * 1024

/** Files, programs and user of a server. */
export interface ServerSetup {
  /** Folder of the data. */
  readonly folder: string
  readonly logPath: string
  readonly binaries: Binaries
  readonly runAs: RunAs
}

/** Server that answers, and whether it ran before. */
export interface FoundServer {
  readonly address: SocketAddress
  readonly isAdopted: boolean
}

/**
 * Resolves with the server that runs on the data, or starts one with the given socket. Waits while a server starts up or shuts
 * down. Never deletes the server's lock file, which PostgreSQL checks itself. Rejects with `EmbeddedPostgresError`.
 */
export async function findOrStartServer(setup: ServerSetup, createSocket: () => SocketAddress): Promise<FoundServer> {
  const beganAt = performance.now()
  let silentSince = beganAt
  let attempt: Attempt | undefined
  for (;;) {
    const lock = lockOf(setup.folder)
    const state = lock?.address === undefined ? 'silent' : await probe(lock.address, setup.folder)
    const now = performance.now()
    if (state === 'ready') return { address: lock!.address!, isAdopted: lock!.pid !== attempt?.pid }
    if (state === 'starting') silentSince = now
    const failure = attempt?.failure()
    if (failure !== undefined && !isLockedOut(failure)) throw failed(setup, failure)
    if (failure !== undefined && (state === 'foreign' || now - silentSince > silentMs)) throw failed(setup, failure)
    if (now - beganAt > startingMs) throw failed(setup, `it was not ready within ${startingMs / 1000} s`)
    const mayTry = attempt === undefined || (failure !== undefined && now - attempt.at > attemptMs)
    if (mayTry && state !== 'starting') attempt = startServer(setup, { socket: createSocket(), lock })
    await delay(now - beganAt < 1_000 ? lookMs.first : lookMs.later)
  }
}

/**
 * Returns whether a server did not start because of another one or its remains. That may be a server that another executor
 * has just started, one that is stopping, or processes of one that was killed.
 */
function isLockedOut(failure: string): boolean {
  return failure.includes('postmaster.pid') || failure.includes('shared memory block')
}

interface Attempt {
  readonly pid: number | undefined
  readonly at: number
  /** Returns the reason for which the server has ended; undefined while it runs. */
  failure(): string | undefined
}

function startServer(
  setup: ServerSetup,
  { socket, lock }: { readonly socket: SocketAddress; readonly lock: Lock | undefined },
): Attempt {
  const { folder, logPath, binaries, runAs } = setup
  const log = openLog(logPath)
  const offset = fstatSync(log).size
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket.folder,
    unix_socket_permissions: '0700',
    port: socket.port,
    fsync: 'on',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_checkpoints: 'off',
  }
  const args = ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const child = spawn(binaries.postgres, args, {
    env: { ...binaries.env, ...ignoredPid(lock) },
    cwd: '/',
    stdio: ['ignore', log, log],
    // A session of its own: signals to the executor's process group do not reach the server.
    detached: true,
    ...runAs,
  })
  child.unref()
  closeSync(log)
  let failure: string | undefined
  child.on('error', (error) => (failure = error.message))
  child.on('exit', () => (failure ??= textFrom(logPath, offset)))
  return { pid: child.pid, at: performance.now(), failure: () => failure }
}

/**
 * Returns the variable by which PostgreSQL ignores one process when it checks its lock file, if the process of that id is another
 * program or has ended. Ids are used again soon in a container that was restarted. PostgreSQL still checks the shared memory of the
 * server that wrote the lock file.
 */
function ignoredPid(lock: Lock | undefined): Record<string, string> {
  const process = lock === undefined ? undefined : processOf(lock.pid)
  const isOther = process !== undefined && (process.state === 'Z' || !process.name.includes('postgres'))
  return isOther ? { PG_GRANDPARENT_PID: String(lock!.pid) } : {}
}

function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(path, `${path}.1`)
  return openSync(path, 'a+', 0o600)
}

/** Returns at most 4 KiB of the log that were written since the offset, from its end. */
function textFrom(path: string, offset: number): string {
  const log = openSync(path, 'r')
  const { size } = fstatSync(log)
  const buffer = Buffer.alloc(Math.min(4_096, Math.max(0, size - offset)))
  readSync(log, buffer, 0, buffer.length, size - buffer.length)
  closeSync(log)
  return buffer.toString().trim() || 'it ended without a message'
}

function failed({ folder, logPath }: ServerSetup, problem: string): EmbeddedPostgresError {
  const lock = lockOf(folder)
  const holder =
    lock !== undefined && isRunning(lock.pid)
      ? ` Its lock file ${folder}/postmaster.pid names the process ${lock.pid} (${processOf(lock.pid)?.name ?? 'of unknown name'}), which runs. If it is a PostgreSQL server, stop it: kill -INT ${lock.pid}. If it is another program, delete the lock file.`
      : ''
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL on ${folder} does not start: ${problem}.${holder} Its log is ${logPath}. ${useOwnServer}`,
  )
}

/** Stops the server by a fast shutdown: it ends connections, writes a checkpoint, and exits. */
export async function stopServer({ folder, binaries, runAs }: ServerSetup): Promise<{ output: string; ok: boolean }> {
  const { exitCode, output } = await run(binaries.pgCtl, ['stop', '-D', folder, '-m', 'fast', '-w', '-t', '60'], {
    ...binaries,
    runAs,
  })
  return { output: output.trim(), ok: exitCode === 0 || lockOf(folder) === undefined }
}
