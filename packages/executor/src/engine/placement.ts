import type { Placement } from '../sandbox/sandbox.ts'
import type { Principal } from './principal.ts'

/** Returns where guests of a key, or of an execution or session that it has submitted, are placed. */
export function placementOf({
  tenant,
  isolation,
  reuseIsolates,
}: Pick<Principal, 'tenant' | 'isolation' | 'reuseIsolates'>): Placement {
  return { tenant, isolation, ownIsolate: !reuseIsolates }
}
