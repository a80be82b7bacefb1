import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { arch, geteuid, platform } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import type { Logger } from 'pino'

import { loadBinaries } from './binaries.ts'
import { codeOf } from '../../system-error.ts'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.ts'
import { ensureData, serverFolder } from './data-directory.ts'
import { own, type Ownership } from './ownership.ts'
import { connectionTo, lockOf } from './running-server.ts'
import { findOrStartServer, stopServer, type FoundServer, type ServerSetup } from './server-process.ts'
import { serverUser } from './server-user.ts'
import { createSocketFolder, removeSocketFolder, restoreSocketFolder, type SocketAddress } from './socket-folder.ts'

/** Name of the database in the embedded server. */
const database = 'codemode'
/** Milliseconds before the first restart of a server that has died, doubled for each further one. */
const restartMs = 250
const maxRestartMs = 30_000

interface EmbeddedPostgresOptions {
  /** Folder of the executor's data. The server has its own folder in it. */
  readonly dataDir: string
  readonly logger: Logger
}

/** A PostgreSQL server that this executor owns. Disposing of it stops the server. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** Options of a `pg` client or pool. They stay valid when the server is restarted. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** The same as a URL. */
  readonly url: string
  /** Whether the server ran before, left by an executor that was killed. */
  readonly isAdopted: boolean
}

/**
 * Starts a PostgreSQL server on the data in the folder, which is created when it is missing, or adopts the server that an
 * executor has left running. Restarts a server that dies. Close all connections before disposing of it. Rejects with
 * `EmbeddedPostgresError` where it can't run, and if another executor owns the server.
 */
export async function startEmbeddedPostgres({ dataDir, logger }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const setup = await prepare(resolve(dataDir))
  const { server, ownership } = await takeServer(setup, () => createSocketFolder(setup.runAs))
  const { address, isAdopted } = server
  logger.info({ isAdopted, dataDir: setup.folder }, 'the embedded PostgreSQL is ready')
  const stopping = new AbortController()
  const supervised = supervise(setup, { address, ownership, logger, signal: stopping.signal })

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    stopping.abort()
    const owned = await supervised
    // Without the ownership, a server that runs belongs to somebody else.
    if (owned === undefined) return
    const { ok, output } = await stopServer(setup)
    await owned.release()
    if (ok) removeSocketFolder(address)
    else logger.error({ output }, 'the embedded PostgreSQL did not stop')
  }
  const connection = connectionTo(address, database)
  return {
    connection,
    url: `postgres://${connection.user}@/${database}?host=${encodeURIComponent(connection.host)}&port=${connection.port}`,
    isAdopted,
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  }
}

async function prepare(dataDir: string): Promise<ServerSetup> {
  const folder = serverFolder(dataDir)
  try {
    mkdirSync(dataDir, { recursive: true })
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The folder ${dataDir} can't be created (${codeOf(error)}). Correct CODEMODE_DATA_DIR, or its permissions. ${useOwnServer}`,
    )
  }
  const runAs = serverUser({ folder, uid: geteuid?.() })
  const binaries = await loadBinaries({ platform, arch, runAs, linksFolder: join(dataDir, 'postgres-lib') })
  await ensureData(folder, binaries, runAs)
  return { folder, logPath: join(dataDir, 'postgres.log'), binaries, runAs }
}

/** Starts or adopts the server, and becomes its owner. A server that stops in between is started again. */
async function takeServer(
  setup: ServerSetup,
  createSocket: () => SocketAddress,
): Promise<{ server: FoundServer; ownership: Ownership }> {
  const abandoned = lockOf(setup.folder)?.address
  let socket: SocketAddress | undefined
  let server: FoundServer | undefined
  const removeUnused = (address: SocketAddress | undefined) => {
    if (address !== undefined && address.folder !== server?.address.folder) removeSocketFolder(address)
  }
  try {
    for (let attempt = 1; ; attempt += 1) {
      server = await findOrStartServer(setup, () => (socket ??= createSocket()))
      try {
        const ownership = await own(server.address, database)
        removeUnused(abandoned)
        return { server, ownership }
      } catch (error) {
        if (error instanceof EmbeddedPostgresError || attempt === 5) throw error
        await delay(restartMs)
      }
    }
  } finally {
    removeUnused(socket)
  }
}

interface SuperviseOptions {
  readonly address: SocketAddress
  readonly ownership: Ownership
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Restarts the server, with the same socket, whenever it dies. Resolves after the signal with the last ownership, if any. */
async function supervise(
  setup: ServerSetup,
  { address, ownership, logger, signal }: SuperviseOptions,
): Promise<Ownership | undefined> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  let current = ownership
  for (;;) {
    await Promise.race([current.lost, aborted])
    if (signal.aborted) return current
    logger.error('the connection to the embedded PostgreSQL has ended; it is started again if it does not run')
    const next = await restart(setup, { address, logger, signal })
    if (next === undefined) return undefined
    current = next
    logger.info('the embedded PostgreSQL is ready again')
  }
}

async function restart(
  setup: ServerSetup,
  { address, logger, signal }: Omit<SuperviseOptions, 'ownership'>,
): Promise<Ownership | undefined> {
  const sameSocket = () => {
    restoreSocketFolder(address, setup.runAs)
    return address
  }
  for (let waitMs = restartMs; !signal.aborted; waitMs = Math.min(maxRestartMs, waitMs * 2)) {
    try {
      const { server, ownership } = await takeServer(setup, sameSocket)
      if (server.address.folder === address.folder) return ownership
      await ownership.release()
      throw new EmbeddedPostgresError(`Another program has started a server on ${setup.folder}. Restart the executor.`)
    } catch (error) {
      logger.error({ err: error, waitMs }, 'the embedded PostgreSQL could not be started again')
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}
