import { RequestError } from '@codemode/shared'
import type { Logger } from 'pino'

import { parseApiKeys, type ApiKey, type KeyDefaults } from './api-keys.ts'
import { findKey, findKeyById, warnIfNoneIsValid, type KeyStore } from './key-store.ts'
import { ApiKeysTable } from './store/postgres/api-keys-table.ts'
import { describeDatabaseProblem } from './store/postgres/database-problem.ts'
import { RepeatingTask } from './store/postgres/repeating-task.ts'

interface StoredKeyStoreOptions {
  /** URL of the database that has the keys. */
  readonly url: string
  readonly defaults: KeyDefaults
  readonly logger: Logger
  /** Milliseconds between checks of the database for changes. */
  readonly pollMs?: number
  readonly now?: () => number
}

/**
 * Creates a store of the keys in the database, which are read again when they change. While the database does not answer, the
 * keys that were read last stay in use; without any, `find` throws STORE_UNAVAILABLE. Resolves after the first attempt to
 * read the keys, also if it failed.
 */
export async function storedKeyStore(options: StoredKeyStoreOptions): Promise<KeyStore & AsyncDisposable> {
  const { url, defaults, logger, pollMs = 1_000, now = Date.now } = options
  const table = new ApiKeysTable(url)
  let keys: readonly ApiKey[] | undefined
  let stamp: string | undefined
  let isFailing = false
  const firstRead = Promise.withResolvers<void>()

  async function read(): Promise<void> {
    const content = await table.read(stamp)
    if (isFailing) logger.info('the API keys can be read from the database again')
    isFailing = false
    stamp = content.stamp
    if (content.text === null) return
    try {
      keys = parseApiKeys(content.text, defaults)
    } catch (error) {
      logger.error(
        { problem: String(error) },
        'the API keys in the database are not valid; the previous ones stay in use',
      )
      return
    }
    logger.info({ keys: keys.length }, 'the API keys were read from the database')
    warnIfNoneIsValid(keys, now(), logger)
  }

  const reading = new RepeatingTask({
    intervalMs: pollMs,
    task: () => read().finally(firstRead.resolve),
    onError: (err) => {
      const problem = describeDatabaseProblem(err) ?? String(err)
      if (!isFailing)
        logger.warn({ problem }, 'the API keys cannot be read from the database; those read last stay in use')
      isFailing = true
    },
  })
  await firstRead.promise
  function known(): readonly ApiKey[] {
    if (keys === undefined) throw notRead()
    return keys
  }
  return {
    find: (bearer) => findKey(known(), bearer, now()),
    findById: (keyId) => findKeyById(known(), keyId, now()),
    async [Symbol.asyncDispose]() {
      await reading.stop()
      await table[Symbol.asyncDispose]()
    },
  }
}

function notRead(): RequestError {
  return new RequestError('STORE_UNAVAILABLE', 'The API keys could not be read from the database yet.', {
    retryAfterSeconds: 1,
    suggestion: 'Try again later; the log of the executor says why.',
  })
}
