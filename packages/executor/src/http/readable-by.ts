import type { Principal } from '../engine/principal.ts'
import { requireRight } from './rights.ts'

/** Returns the filter by which a key sees only what it may read. Throws `RequestError` FORBIDDEN if that is nothing. */
export function readableBy(principal: Principal): { readonly owner?: string } {
  const { owner, rights } = principal
  if (rights.includes('read')) return {}
  if (!rights.includes('run')) requireRight(principal, 'read', 'Listing executions')
  return { owner }
}
