import type { ResolvedRequestLimits } from '@codemode/shared'

/** The authenticated sender of a request: its API key, its tenant, and the permissions of the key. */
export interface Principal {
  readonly keyId: string
  readonly tenant: string
  /** Sharing of sandbox processes: among the executions of the tenant (`tenant`), or none (`execution`). */
  readonly isolation: 'tenant' | 'execution'
  /** Limits of a request that sets none of its own. */
  readonly defaultLimits: ResolvedRequestLimits
  /** Maximum limits that a request may ask for. */
  readonly maxLimits: ResolvedRequestLimits
  /** Maximum execution timeout that a detached execution may ask for, in milliseconds. */
  readonly maxDetachedExecutionMs: number
  /** Maximum number of the tenant's executions that are admitted at once, including those that wait for tools. */
  readonly maxRunning: number
  /** Maximum number of the tenant's executions that wait for admission. */
  readonly maxQueued: number
}
