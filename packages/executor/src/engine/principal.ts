import type { ResolvedRequestLimits } from '@codemode/shared'

/**
 * Rights that a key may have. `run`: submit executions, and serve, answer, cancel and retry those of its own owner. `read`:
 * read all records, events and journals of the tenant. `approve`: decide the tenant's approvals. `operate`: cancel, retry
 * and wake all executions of the tenant.
 */
export const allRights = ['run', 'read', 'approve', 'operate'] as const

/** One right of a key, see {@link allRights}. */
export type Right = (typeof allRights)[number]

/** The authenticated sender of a request: its API key, its tenant, and the permissions of the key. */
export interface Principal {
  readonly keyId: string
  /** Owner of the executions that the key submits. Keys of one tenant with the same owner may act for each other. */
  readonly owner: string
  readonly rights: readonly Right[]
  readonly tenant: string
  /** Sharing of sandbox processes: among the executions of the tenant (`tenant`), or none (`execution`). */
  readonly isolation: 'tenant' | 'execution'
  /** True if guests may get an isolate that has had others of the tenant before. */
  readonly reuseIsolates: boolean
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
