import type { ResolvedRequestLimits } from '@codemode/shared'

/** Who a request comes from: the API key's owner and what the key may use. */
export interface Principal {
  readonly keyId: string
  readonly tenant: string
  /** With whom the tenant's executions share a process: among themselves, or with nobody. */
  readonly isolation: 'tenant' | 'execution'
  /** What holds when a request sets no limit of its own. */
  readonly defaultLimits: ResolvedRequestLimits
  /** How far a request may raise its limits. */
  readonly maxLimits: ResolvedRequestLimits
  /** How many executions of the tenant may be admitted at once, waiting ones included. */
  readonly maxRunning: number
  /** How many of the tenant's executions may wait for admission. */
  readonly maxQueued: number
}
