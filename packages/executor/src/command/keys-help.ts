import { defaultRequestLimits } from '@codemode/shared'

import { allRights } from '../engine/principal.ts'

/** Returns the text of `keys --help`. */
export function keysHelpText(): string {
  return `Usage: codemode-executor keys create --tenant TENANT [OPTION...]
       codemode-executor keys list
       codemode-executor keys revoke ID

Creates, lists and revokes API keys in the file that CODEMODE_API_KEYS_FILE or --file names, or, with
CODEMODE_API_KEYS=store, in the database of CODEMODE_DATABASE_URL. Only the SHA-256 of each key is kept.
Running executors notice a change within two seconds.

create prints the new key on standard output, alone on its line, and everything else on standard
error:
  KEY=$(codemode-executor keys create --tenant acme --rights run,read --expires 90d)

  --tenant TENANT        tenant of the key; required. Tenants do not see each other's executions
  --id ID                id in logs and for revoke; a random one by default
  --owner OWNER          owner of the executions that the key submits; the key's id by default. To
                         rotate a key, create one with the owner of the old key, then revoke that
  --rights LIST          some of ${allRights.join(', ')}; all by default
  --expires WHEN         12h, 90d, 4w, 2030-12-31 or 2030-12-31T12:00:00Z; never by default
  --max-running NUMBER   maximum of executions that are admitted at once
  --max-queued NUMBER    maximum of executions that wait for admission, and of detached ones that
                         have not started
  --max-detached-execution-ms NUMBER
                         maximum active time of a detached execution, in milliseconds; 24 h by default
  --limits LIST          limits of requests that set none, as in cpuTimeoutMs=1000,memoryLimitMb=64
  --max-limits LIST      maximum limits of requests, in the same form
  --isolation KIND       tenant or execution: the executions that share a sandbox process
  --reuse-isolates VALUE on or off: whether an isolate serves several executions, one after the other
  --file PATH            the file; overrides the environment

Names of limits: ${Object.keys(defaultRequestLimits).join(', ')}
`
}
