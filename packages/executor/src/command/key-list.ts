import type { ApiKeyEntry } from '../api-keys.ts'

/** List of API keys that commands change: a file, or a table of the database. */
export interface KeyList {
  /** Name of the list in messages. */
  readonly name: string
  /** Returns the entries. Rejects with `KeysError`. */
  read(): Promise<ApiKeyEntry[]>
  /** Replaces the entries in one step, while no other command changes them. Rejects with `KeysError`. */
  change(change: (entries: readonly ApiKeyEntry[]) => readonly ApiKeyEntry[]): Promise<void>
}

/** Failure to read or change a list of keys. The message says what to do. */
export class KeysError extends Error {
  override readonly name = 'KeysError'
}
