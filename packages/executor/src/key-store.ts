import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

import type { Logger } from 'pino'

import { maxDetachedMs, parseApiKeys, resolvedLimits, type ApiKey, type KeyDefaults } from './api-keys.ts'
import { ConfigurationError } from './config-errors.ts'
import { allRights, type Principal } from './engine/principal.ts'
import { asSentence } from './problem-texts.ts'
import { codeOf } from './system-error.ts'

/** The API keys that the executor accepts. */
export interface KeyStore {
  /**
   * Returns the principal of a key, `expired` for a known key that has expired, and undefined for an unknown key. Throws
   * STORE_UNAVAILABLE if the keys are not known yet.
   */
  find(bearer: string): Principal | 'expired' | undefined
  /** Returns the key with an id, by the same rules as `find`. */
  findById(keyId: string): KnownKey | 'expired' | undefined
}

/** Key that the executor accepts. Another key with the same id has another hash. */
export type KnownKey = Pick<ApiKey, 'principal' | 'sha256'>

/** Creates a store with one key, of the tenant `default`. */
export function singleKeyStore(apiKey: string, defaults: KeyDefaults): KeyStore {
  const identity = { keyId: 'default', owner: 'default', tenant: 'default', rights: allRights }
  const principal: Principal = { ...identity, ...resolvedLimits(), maxDetachedExecutionMs: maxDetachedMs, ...defaults }
  const keys: ApiKey[] = [{ sha256: sha256(apiKey), expiresAtMs: Infinity, principal }]
  return { find: (bearer) => findKey(keys, bearer, 0), findById: (keyId) => findKeyById(keys, keyId, 0) }
}

interface FileKeyStoreOptions {
  readonly path: string
  readonly defaults: KeyDefaults
  readonly logger: Logger
  /** Milliseconds between checks of the file for changes. */
  readonly pollMs?: number
  readonly now?: () => number
}

/**
 * Creates a store of the keys in a file, which is read again when it changes. A changed file that is invalid is logged,
 * and the previous keys stay in use. Throws `ConfigurationError` if the file is invalid at the start. Disposing of the
 * store stops the polling.
 */
export function fileKeyStore({
  path,
  defaults,
  logger,
  pollMs = 500,
  now = Date.now,
}: FileKeyStoreOptions): KeyStore & Disposable {
  // The stamp is taken before the content is read, so that the next check notices a change in between.
  let lastStamp = stampOf(path)
  let keys = readKeys(path, defaults)
  warnIfNoneIsValid(keys, now(), logger)
  const timer = setInterval(() => {
    const stamp = stampOf(path)
    if (stamp === lastStamp) return
    lastStamp = stamp
    try {
      keys = readKeys(path, defaults)
      logger.info({ keys: keys.length }, 'the API keys file has changed and was reloaded')
      warnIfNoneIsValid(keys, now(), logger)
    } catch (error) {
      logger.error(
        { problem: String(error) },
        'the API keys file has changed and is not valid; the previous keys stay in use',
      )
    }
  }, pollMs).unref()
  return {
    find: (bearer) => findKey(keys, bearer, now()),
    findById: (keyId) => findKeyById(keys, keyId, now()),
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Logs a warning if there is no key, or if all have expired. */
export function warnIfNoneIsValid(keys: readonly ApiKey[], nowMs: number, logger: Logger): void {
  if (keys.some(({ expiresAtMs }) => expiresAtMs > nowMs)) return
  const reason = keys.length === 0 ? 'there is no API key' : 'every API key has expired'
  logger.warn(`${reason}, so every request is refused; create one: codemode-executor keys create`)
}

/** Returns a text that differs after the file was replaced or written, or has become inaccessible. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    return String(error)
  }
}

function readKeys(path: string, defaults: KeyDefaults): ApiKey[] {
  try {
    return parseApiKeys(readFileSync(path, 'utf8'), defaults)
  } catch (error) {
    throw new ConfigurationError([fileProblem(path, error)])
  }
}

function fileProblem(path: string, error: unknown): string {
  const option = `CODEMODE_API_KEYS_FILE=${path}`
  const create = `Create it with a first key: codemode-executor keys create --file ${path} --tenant acme.`
  const code = codeOf(error)
  if (code === 'ENOENT') return `${option} does not exist (ENOENT). ${create}`
  if (code !== undefined) {
    return `${option} can't be read (${code}). Name a file that the user of the executor may read.`
  }
  return [
    `${option} is not a list of API keys: ${asSentence(error instanceof Error ? error.message : String(error))}`,
    `${create} Or write it; it must contain, for example:`,
    '  [{ "id": "key-1", "tenant": "acme", "sha256": "<what this prints: printf %s \\"$KEY\\" | sha256sum>" }]',
  ].join('\n')
}

/**
 * Returns the principal of a key. Compares it with every key, each in constant time, so that the duration reveals
 * nothing about the keys.
 */
export function findKey(keys: readonly ApiKey[], bearer: string, nowMs: number): Principal | 'expired' | undefined {
  const hash = sha256(bearer)
  let found: ApiKey | undefined
  for (const key of keys) if (timingSafeEqual(key.sha256, hash)) found = key
  if (found === undefined) return undefined
  return found.expiresAtMs <= nowMs ? 'expired' : found.principal
}

/** Returns the key with an id, which is no secret. */
export function findKeyById(keys: readonly ApiKey[], keyId: string, nowMs: number): KnownKey | 'expired' | undefined {
  const found = keys.find(({ principal }) => principal.keyId === keyId)
  return found !== undefined && found.expiresAtMs <= nowMs ? 'expired' : found
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
