import { createHash, randomBytes } from 'node:crypto'

import { nearestName } from '@codemode/shared/internal'

import { ownerOf, rightsOf, type ApiKeyEntry } from '../api-keys.ts'
import { newApiKey } from '../config-options.ts'
import type { KeyOptions, KeysCommand } from './keys-arguments.ts'
import { changeKeysFile, KeysFileError, readKeysFile } from './keys-file.ts'
import { keysTable } from './keys-table.ts'

/** Output of a command and the exit code of its process. */
interface CommandOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

interface KeysContext {
  /** Path of the keys file; undefined if neither an argument nor the environment names one. */
  readonly path: string | undefined
  /** Current time in milliseconds since the epoch. */
  readonly now: number
}

/** Creates, lists or revokes API keys in a file. Implements the command `codemode-executor keys`. */
export async function runKeysCommand(command: KeysCommand, { path, now }: KeysContext): Promise<CommandOutput> {
  if (path === undefined || path === '') return failed(2, noFile)
  try {
    switch (command.action) {
      case 'create':
        return await create(path, command.key)
      case 'list':
        return list(path, now)
      case 'revoke':
        return await revoke(path, command.id)
    }
  } catch (error) {
    if (error instanceof KeysFileError) return failed(1, error.message)
    throw error
  }
}

const noFile =
  'The file with the keys is not known. Name the one that the executor reads:\n' +
  '  CODEMODE_API_KEYS_FILE=./api-keys.json, or --file ./api-keys.json'

const failed = (exitCode: number, problem: string): CommandOutput => ({ exitCode, stdout: '', stderr: `${problem}\n` })

async function create(path: string, options: KeyOptions): Promise<CommandOutput> {
  const key = newApiKey()
  const sha256 = createHash('sha256').update(key).digest('hex')
  const entry: ApiKeyEntry = { id: `key_${randomBytes(6).toString('hex')}`, ...options, sha256 }
  await changeKeysFile(path, (entries) => {
    if (!entries.some(({ id }) => id === entry.id)) return [...entries, entry]
    throw new KeysFileError(
      `The id ${JSON.stringify(entry.id)} is in use in ${path}. Use another --id; a new key of the same owner takes --owner ${JSON.stringify(entry.id)}.`,
    )
  })
  return { exitCode: 0, stdout: `${key}\n`, stderr: `${described(entry)} in ${path}.\n${shownOnce}\n` }
}

const shownOnce = 'The key is printed once, on standard output; the file has only its SHA-256.'

function described(entry: ApiKeyEntry): string {
  const { id, tenant, expiresAt } = entry
  const expiry = expiresAt === undefined ? 'never expires' : `expires at ${expiresAt}`
  return `Created the key ${JSON.stringify(id)} (tenant ${JSON.stringify(tenant)}, owner ${JSON.stringify(ownerOf(entry))}, rights ${rightsOf(entry).join(', ')}; ${expiry})`
}

function list(path: string, now: number): CommandOutput {
  const entries = readKeysFile(path)
  if (entries.length === 0) {
    return { exitCode: 0, stdout: '', stderr: `${path} has no key. Create one: codemode-executor keys create\n` }
  }
  return { exitCode: 0, stdout: keysTable(entries, now), stderr: '' }
}

async function revoke(path: string, id: string): Promise<CommandOutput> {
  // Read first, since a change would create a missing file.
  readKeysFile(path)
  let left = 0
  await changeKeysFile(path, (entries) => {
    const others = entries.filter((entry) => entry.id !== id)
    if (others.length === entries.length) throw unknownKey(path, id, entries)
    left = others.length
    return others
  })
  const last = left === 0 ? ' It was the last one: executors refuse every request until another key is created.' : ''
  return { exitCode: 0, stdout: '', stderr: `Revoked the key ${JSON.stringify(id)} in ${path}.${last}\n` }
}

function unknownKey(path: string, id: string, entries: readonly ApiKeyEntry[]): KeysFileError {
  const nearest = nearestName(
    id,
    entries.map((entry) => entry.id),
  )
  const hint =
    nearest === undefined ? '"codemode-executor keys list" shows the ids.' : `Did you mean ${JSON.stringify(nearest)}?`
  return new KeysFileError(`There is no key ${JSON.stringify(id)} in ${path}. ${hint}`)
}
