import { parseApiKeyEntries, type ApiKeyEntry } from '../api-keys.ts'
import type { ApiKeysTable } from '../store/postgres/api-keys-table.ts'
import { KeysError, type KeyList } from './key-list.ts'

const name = 'the database'

/** Returns the list of the keys in the database. */
export function storedKeys(table: ApiKeysTable): KeyList {
  return {
    name,
    async read() {
      const { text } = await table.read()
      return parse(text!)
    },
    change: (change) => table.change((text) => change(parse(text))),
  }
}

function parse(text: string): ApiKeyEntry[] {
  try {
    return parseApiKeyEntries(text)
  } catch (error) {
    throw new KeysError(
      `The table codemode.api_keys has an entry that is not valid: ${(error as Error).message}. Correct it first.`,
    )
  }
}
