import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ExecutorConfigInput } from '@codemode/executor'

/** File of API keys, one for each tenant; disposing it removes the file. */
export interface KeysFile extends AsyncDisposable {
  /** Executor configuration that reads the keys from the file. */
  readonly config: Pick<ExecutorConfigInput, 'apiKey' | 'apiKeysFile'>
}

/** Returns the key of a tenant. */
export const keyOf = (tenant: string): string => `the-key-of-the-tenant-${tenant}`

/** Writes a file with a key for each tenant, and with the tenant's further fields in its entry. */
export async function writeKeysFile(tenants: Readonly<Record<string, object>>): Promise<KeysFile> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-keys-'))
  const apiKeysFile = join(folder, 'keys.json')
  const entries = Object.entries(tenants).map(([tenant, options]) => {
    return { id: tenant, tenant, sha256: createHash('sha256').update(keyOf(tenant)).digest('hex'), ...options }
  })
  await writeFile(apiKeysFile, JSON.stringify(entries))
  return {
    config: { apiKey: undefined, apiKeysFile },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
