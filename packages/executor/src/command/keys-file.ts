// Changes the file of API keys while executors read it. The new content is written to the lock file beside it, which then
// takes the place of the old file, so that a reader sees either all of a change or nothing of it.
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { parseApiKeyEntries, type ApiKeyEntry } from '../api-keys.ts'
import { codeOf } from '../system-error.ts'
import { KeysError, type KeyList } from './key-list.ts'

/** Milliseconds between two attempts to get the lock. */
const retryMs = 20

/** Returns the list of the keys in a file. */
export function keysFile(path: string): KeyList {
  return { name: path, read: async () => readKeysFile(path), change: (change) => changeKeysFile(path, change) }
}

/** Returns the entries of the file. Throws `KeysError`. */
export function readKeysFile(path: string): ApiKeyEntry[] {
  try {
    return parseApiKeyEntries(readFileSync(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === undefined) {
      throw new KeysError(`${path} is not a list of API keys: ${(error as Error).message}. Correct it first.`)
    }
    const advice = isMissing(error)
      ? 'Create it with a first key: codemode-executor keys create'
      : 'Correct the path or the permissions.'
    throw new KeysError(`${path} can't be read (${codeOf(error)}). ${advice}`)
  }
}

/**
 * Replaces the entries of the file in one step, under a lock. A file that does not exist counts as empty; a new one is
 * readable only by its owner. Rejects with `KeysError` after `waitMs` if another command has the lock.
 */
export async function changeKeysFile(
  path: string,
  change: (entries: readonly ApiKeyEntry[]) => readonly ApiKeyEntry[],
  { waitMs = 5_000 } = {},
): Promise<void> {
  const target = realPathOf(path)
  const lock = `${target}.lock`
  const fd = await lockFile(path, lock, waitMs)
  try {
    const before = statOf(target)
    const changed = change(before === undefined ? [] : readKeysFile(path))
    writeFileSync(fd, `${JSON.stringify(changed, null, 2)}\n`)
    // An executor that runs as another user keeps its access; nobody gets more than the group had.
    if (before !== undefined) fchownSync(fd, before.uid, before.gid)
    fchmodSync(fd, 0o600 | ((before?.mode ?? 0) & 0o040))
    fsyncSync(fd)
    renameSync(lock, target)
  } catch (error) {
    rmSync(lock, { force: true })
    throw error instanceof KeysError ? error : cannotChange(path, error)
  } finally {
    closeSync(fd)
  }
}

async function lockFile(path: string, lock: string, waitMs: number): Promise<number> {
  for (let leftMs = waitMs; ; leftMs -= retryMs) {
    try {
      return openSync(lock, 'wx', 0o600)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw cannotChange(path, error)
    }
    if (leftMs <= 0) {
      throw new KeysError(
        `${path} is being changed by another command, which holds ${lock}. If no such command runs, delete that file and try again.`,
      )
    }
    await delay(retryMs)
  }
}

function cannotChange(path: string, error: unknown): Error {
  const code = codeOf(error)
  if (code === undefined) return error as Error
  const advice = code === 'ENOENT' ? 'Create its folder first.' : 'Correct the path, or the permissions of its folder.'
  return new KeysError(`${path} can't be changed (${code}). ${advice}`)
}

/** Returns the path without symbolic links, so that a link to the file stays one. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false })
}

const isMissing = (error: unknown) => codeOf(error) === 'ENOENT'
