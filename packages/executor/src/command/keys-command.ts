import { createHash, randomBytes } from 'node:crypto'

import { nearestName } from '@codemode/shared/internal'

import { ownerOf, rightsOf, type ApiKeyEntry } from '../api-keys.ts'
import { newApiKey } from '../config-options.ts'
import { KeysError, type KeyList } from './key-list.ts'
import type { KeyOptions, KeysCommand } from './keys-arguments.ts'
import { keysTable } from './keys-table.ts'

/** Output of a command and the exit code of its process. */
interface CommandOutput {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

interface KeysContext {
  /** List of the keys; undefined if neither an argument nor the configuration names one. */
  readonly keys: KeyList | undefined
  /** Current time in milliseconds since the epoch. */
  readonly now: number
}

/** Creates, lists or revokes API keys. Implements the command `codemode-executor keys`. */
export async function runKeysCommand(command: KeysCommand, { keys, now }: KeysContext): Promise<CommandOutput> {
  if (keys === undefined) return failed(2, noKeys)
  try {
    switch (command.action) {
      case 'create':
        return await create(keys, command.key)
      case 'list':
        return await list(keys, now)
      case 'revoke':
        return await revoke(keys, command.id)
    }
  } catch (error) {
    if (error instanceof KeysError) return failed(1, error.message)
    throw error
  }
}

const noKeys =
  'The place of the keys is not known. Name the file that the executor reads, or the database:\n' +
  '  CODEMODE_API_KEYS_FILE=./api-keys.json, or --file ./api-keys.json\n' +
  '  CODEMODE_API_KEYS=store with CODEMODE_DATABASE_URL=postgres://…'

const failed = (exitCode: number, problem: string): CommandOutput => ({ exitCode, stdout: '', stderr: `${problem}\n` })

async function create(keys: KeyList, options: KeyOptions): Promise<CommandOutput> {
  const key = newApiKey()
  const sha256 = createHash('sha256').update(key).digest('hex')
  const entry: ApiKeyEntry = { id: `key_${randomBytes(6).toString('hex')}`, ...options, sha256 }
  await keys.change((entries) => {
    const existing = entries.find(({ id }) => id === entry.id)
    if (existing === undefined) return [...entries, entry]
    throw new KeysError(
      `The id ${JSON.stringify(entry.id)} is in use in ${keys.name}. Use another --id; a new key of the same owner takes --owner ${JSON.stringify(ownerOf(existing))}.`,
    )
  })
  return { exitCode: 0, stdout: `${key}\n`, stderr: `${described(entry)} in ${keys.name}.\n${shownOnce}\n` }
}

const shownOnce = 'The key is printed once, on standard output; only its SHA-256 is kept.'

function described(entry: ApiKeyEntry): string {
  const { id, tenant, expiresAt } = entry
  const expiry = expiresAt === undefined ? 'never expires' : `expires at ${expiresAt}`
  return `Created the key ${JSON.stringify(id)} (tenant ${JSON.stringify(tenant)}, owner ${JSON.stringify(ownerOf(entry))}, rights ${rightsOf(entry).join(', ')}; ${expiry})`
}

async function list(keys: KeyList, now: number): Promise<CommandOutput> {
  const entries = await keys.read()
  if (entries.length === 0) {
    return {
      exitCode: 0,
      stdout: '',
      stderr: `There is no key in ${keys.name}. Create one: codemode-executor keys create\n`,
    }
  }
  return { exitCode: 0, stdout: keysTable(entries, now), stderr: '' }
}

async function revoke(keys: KeyList, id: string): Promise<CommandOutput> {
  // Read first, since a change would create a missing file.
  await keys.read()
  let left = 0
  await keys.change((entries) => {
    const others = entries.filter((entry) => entry.id !== id)
    if (others.length === entries.length) throw unknownKey(keys.name, id, entries)
    left = others.length
    return others
  })
  const last = left === 0 ? ' It was the last one: executors refuse every request until another key is created.' : ''
  return { exitCode: 0, stdout: '', stderr: `Revoked the key ${JSON.stringify(id)} in ${keys.name}.${last}\n` }
}

function unknownKey(place: string, id: string, entries: readonly ApiKeyEntry[]): KeysError {
  const nearest = nearestName(
    id,
    entries.map((entry) => entry.id),
  )
  const hint =
    nearest === undefined ? '"codemode-executor keys list" shows the ids.' : `Did you mean ${JSON.stringify(nearest)}?`
  return new KeysError(`There is no key ${JSON.stringify(id)} in ${place}. ${hint}`)
}
