import type { Logger } from 'pino'

import type { ExecutorConfig } from '../config.ts'
import { parseEncryptionKeys } from '../encryption-keys.ts'
import { DeferredStore } from './deferred-store.ts'
import { hasEmbeddedData } from './embedded/data-directory.ts'
import { EmbeddedPostgresError } from './embedded/embedded-postgres-error.ts'
import type { EmbeddedPostgres } from './embedded/start-embedded-postgres.ts'
import type { ExecutionStore, StoredRuntime } from './execution-store.ts'
import type { StoreObserver } from './store-observer.ts'
import type { SendNotification } from './stored-notification.ts'
import { describeDatabaseProblem } from './postgres/database-problem.ts'
import { UnreadablePayload } from './postgres/payload-cipher.ts'
import type { PostgresStore } from './postgres/postgres-store.ts'

type StoreConfig = Pick<
  ExecutorConfig,
  'store' | 'databaseUrl' | 'dataDir' | 'databaseConnections' | 'retainDetachedMs' | 'encryptionKeys'
>

interface StoreDependencies {
  readonly logger: Logger
  readonly observer: Pick<StoreObserver, 'notificationsAbandoned'>
  readonly runtime: StoredRuntime
  readonly sendNotification?: SendNotification | undefined
}

/** Store of detached executions; disposing of it also stops the server that was started for it. */
interface ConfiguredStore extends AsyncDisposable {
  readonly store: ExecutionStore
}

/**
 * Returns the store of detached executions: in the configured database, or in a PostgreSQL server of the executor's own,
 * which the first detached execution starts, or the executor if there is data. It also keeps the guest runtime of this
 * node. Returns undefined if there is to be none.
 */
export function configuredStore(
  config: StoreConfig,
  { logger, observer, runtime, sendNotification }: StoreDependencies,
): ConfiguredStore | undefined {
  const { databaseUrl, dataDir, databaseConnections: maxConnections, retainDetachedMs: retainMs } = config
  if (config.store === 'none') return undefined
  const encryptionKeys = parseEncryptionKeys(config.encryptionKeys)
  let server: EmbeddedPostgres | undefined
  const onError = (err: unknown): void => {
    if (err instanceof UnreadablePayload) {
      logger.error({ keyId: err.keyId, problem: err.message }, 'stored executions cannot be decrypted, and wait')
      return
    }
    const problem = err instanceof EmbeddedPostgresError ? err.message : describeDatabaseProblem(err)
    if (problem === undefined) logger.warn({ err }, 'the store of detached executions does not answer')
    else logger.warn({ problem }, 'the store of detached executions is not available')
  }
  const onDeadNotification = (ids: readonly string[]): void => {
    logger.error({ notifications: ids }, 'notifications were not delivered within a day; see docs/notifications.md')
    observer.notificationsAbandoned(ids.length)
  }
  const sending = sendNotification === undefined ? {} : { sendNotification }
  // Its modules are a third of all: an executor that stores nothing starts faster without them.
  async function start(): Promise<PostgresStore> {
    if (databaseUrl === undefined) {
      const { startEmbeddedPostgres } = await import('./embedded/start-embedded-postgres.ts')
      server ??= await startEmbeddedPostgres({ dataDir, logger })
    }
    const { PostgresStore } = await import('./postgres/postgres-store.ts')
    const url = databaseUrl ?? server!.url
    const options = { url, maxConnections, retainMs, runtime, encryptionKeys, onDeadNotification, onError }
    return PostgresStore.start({ ...options, ...sending })
  }
  const startsAtOnce = databaseUrl !== undefined || hasEmbeddedData(dataDir)
  const store = new DeferredStore({ start, startsAtOnce, onError })
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await server?.[Symbol.asyncDispose]()
    },
  }
}
