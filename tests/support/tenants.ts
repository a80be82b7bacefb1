import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ExecutorConfigInput } from '@codemode/executor'

/** The API key of a tenant that `tenantKeys` names. */
export const keyOf = (tenant: string): string => `the-api-key-of-${tenant}`

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The part of an executor's configuration that has a key for each of these tenants. */
export function tenantKeys(...tenants: string[]): Pick<ExecutorConfigInput, 'apiKey' | 'apiKeysFile'> {
  const apiKeysFile = join(mkdtempSync(join(tmpdir(), 'codemode-keys-')), 'keys.json')
  writeFileSync(
    apiKeysFile,
    JSON.stringify(tenants.map((tenant) => ({ id: tenant, tenant, sha256: sha256(keyOf(tenant)) }))),
  )
  return { apiKey: undefined, apiKeysFile }
}
