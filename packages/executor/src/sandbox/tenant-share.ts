/**
 * Share of a tenant in the processes of a pool. These functions run several times for each execution, so they make as
 * few arrays as possible.
 */
import { displaceableFor, openProcessesOf, type PoolState, type Sharers } from './process-choice.ts'
import type { Placement } from './sandbox.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import { maxPipelinedTurns } from './turn-queue.ts'

/**
 * Factor by which long turns may raise the number of busy processes above the number of CPU slots. The operating system
 * then shares the CPU.
 */
const maxBusyFactor = 3

/**
 * Returns the number of turns of further guests with this placement, and the runtime of the pool, that would get the CPU at
 * once or next.
 */
export function roomFor(pool: PoolState, { tenant, isolation }: Placement): number {
  if (mustLeaveLastProcess(pool, tenant)) return 0
  const free = freeTurnsFor(pool, tenant)
  // While executions wait, the engine calls this at the end of each turn, so it returns early if there is no room.
  if (free <= 0) return 0
  const inAnother = mayGetAnother(pool, { tenant }) ? maxPipelinedTurns : 0
  if (isolation === 'execution') return Math.min(free, inAnother > 0 ? 1 : 0)
  return Math.min(free, inAnother + openProcessesOf(pool, { tenant }).reduce((sum, process) => sum + process.room, 0))
}

/**
 * Returns whether the tenant may get another process: without those held by long turns, it has fewer than there are
 * slots, and its busy ones do not exceed its fair share.
 */
export function mayGetAnother(pool: PoolState, sharers: Sharers): boolean {
  const { size, supply } = pool
  const { tenant, runtime } = sharers
  const open = openProcessesOf(pool, sharers)
  if (count(open, (process) => !process.isHeldByLongTurn) >= size || mustLeaveLastProcess(pool, tenant)) return false
  const busy = supply.serving.filter(isBusy)
  const busyTenants = new Set(busy.map(({ assignment }) => assignment?.tenant)).add(tenant)
  // Guests with the runtime of another version can't wait in the tenant's other processes, so these don't count for them.
  const ownBusy = runtime === undefined ? busyProcessesOf(pool, tenant) : count(open, isBusy)
  if (ownBusy >= Math.max(1, Math.floor((size * maxBusyFactor) / busyTenants.size))) return false
  // A process is displaced only for a tenant that has none.
  return supply.canAssign || (open.length === 0 && displaceableFor(pool, tenant) !== undefined)
}

/** Returns whether a turn of this process's tenant could run sooner in another process. */
export function canRunElsewhere(pool: PoolState, process: SandboxProcess): boolean {
  const sharers = process.assignment!
  if (mayGetAnother(pool, sharers)) return true
  return openProcessesOf(pool, sharers).some((other) => other !== process && !other.isHeldByLongTurn)
}

/** Returns the factor by which a turn takes longer now than on a core of its own. */
export function contentionIn({ size, supply }: PoolState): number {
  return Math.max(1, count(supply.serving, isBusy) / size)
}

/**
 * Returns the number of further turns that may wait for a CPU slot. A tenant without a busy process always has its
 * share, however busy others are.
 */
function freeTurnsFor(pool: PoolState, tenant: string): number {
  let free = pool.size * maxPipelinedTurns
  for (const process of pool.supply.serving) if (isBusy(process) && !process.isHeldByLongTurn) free -= process.load
  return busyProcessesOf(pool, tenant) === 0 ? Math.max(free, maxPipelinedTurns) : free
}

function busyProcessesOf({ supply }: PoolState, tenant: string): number {
  return count(supply.serving, (process) => isBusy(process) && process.assignment?.tenant === tenant)
}

/**
 * Returns whether the tenant must leave the last process that may be busy to others, because its long turns hold
 * processes already.
 */
function mustLeaveLastProcess({ size, supply }: PoolState, tenant: string): boolean {
  // This runs at every admission, and mostly there are too few processes for the rule to apply.
  if (size * maxBusyFactor - supply.serving.length > 1) return false
  const held = supply.serving.filter((process) => process.isHeldByLongTurn)
  if (size * maxBusyFactor - held.length > 1) return false
  return held.some(({ assignment }) => assignment?.tenant === tenant)
}

function isBusy({ load }: SandboxProcess): boolean {
  return load > 0
}

/** Returns the number of items for which the predicate holds, without an array of them. */
function count<Item>(items: readonly Item[], predicate: (item: Item) => boolean): number {
  let found = 0
  for (const item of items) if (predicate(item)) found += 1
  return found
}
