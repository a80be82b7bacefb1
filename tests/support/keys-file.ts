import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file of API keys, one for each tenant; disposing it removes it. */
export interface KeysFile extends AsyncDisposable {
  readonly path: string
  /** The key of a tenant. */
  keyOf(tenant: string): string
}

const keyOf = (tenant: string): string => `the-key-of-the-tenant-${tenant}`

/** Writes a file with a key for each tenant, and what else its entry is to say. */
export async function writeKeysFile(tenants: Readonly<Record<string, object>>): Promise<KeysFile> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-keys-'))
  const path = join(folder, 'keys.json')
  const entries = Object.entries(tenants).map(([tenant, options]) => {
    return { id: tenant, tenant, sha256: createHash('sha256').update(keyOf(tenant)).digest('hex'), ...options }
  })
  await writeFile(path, JSON.stringify(entries))
  return { path, keyOf, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}
