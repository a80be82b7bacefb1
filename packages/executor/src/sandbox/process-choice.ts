// Chooses the process for a guest, and the process to end when there is no room.
import type { ProcessSupply } from './process-supply.ts'
import type { Assignment } from './process-use.ts'
import type { SandboxProcess } from './sandbox-process.ts'

/** State of a pool from which its decisions are made. */
export interface PoolState {
  /** Number of sandbox processes that run turns at once (CPU slots). */
  readonly size: number
  readonly supply: Pick<ProcessSupply, 'serving' | 'canAssign'>
}

/**
 * Milliseconds after which an idle process may be replaced by one for another tenant, at the maximum number of
 * processes.
 */
const displaceableAfterMs = {
  /** Time without a turn, for a process without guests. */
  withoutGuests: 250,
  /** Time without a turn, for a process with guests. */
  withGuests: 1_000,
  /** Time for which the tenant has been able to use the process, however recent its last turn is. */
  used: 5_000,
} as const

/** Guests that may share processes: those of a tenant that need the same runtime. */
export type Sharers = Pick<Assignment, 'tenant' | 'runtime'>

/** Returns the processes of these guests that take further ones. */
export function openProcessesOf({ supply }: PoolState, { tenant, runtime }: Sharers): SandboxProcess[] {
  return supply.serving.filter(
    ({ assignment, isDraining }) =>
      !isDraining &&
      assignment?.tenant === tenant &&
      !assignment.isSingleGuest &&
      assignment.runtime?.hash === runtime?.hash,
  )
}

/** Process for the next guest, and whether another process would be better. */
interface ProcessChoice {
  readonly own: SandboxProcess | undefined
  readonly isAnotherBetter: boolean
}

/**
 * Returns the process of these guests that has been idle for longest, or else the one with the fewest turns. Another one is
 * better than a process that is busy.
 */
export function chooseProcess(pool: PoolState, sharers: Sharers): ProcessChoice {
  const open = openProcessesOf(pool, sharers)
  const free = open.filter((process) => !process.isHeldByLongTurn)
  const idle = free.filter(({ load }) => load === 0)
  if (idle.length === 0) {
    const own = (free.length > 0 ? free : open).reduce<SandboxProcess | undefined>(withFewerTurns, undefined)
    return { own, isAnotherBetter: true }
  }
  // No unused process is left: the idle process with the fewest guests takes this one.
  if (!pool.supply.canAssign) return { own: idle.reduce(withFewerGuests), isAnotherBetter: false }
  return { own: idle.reduce(withLongerIdleTime), isAnotherBetter: false }
}

/**
 * Returns the idle process that may be ended to make room for one of this tenant: the one that is needed least. Its
 * guests are evicted with it. A tenant that uses its process keeps it for a while, because otherwise, when
 * tenants alternate, all time would be spent on starting processes.
 */
export function displaceableFor({ supply }: PoolState, tenant: string): SandboxProcess | undefined {
  const idle = supply.serving.filter(({ load }) => load === 0)
  const ownDraining = idle.filter(({ assignment, isDraining }) => assignment?.tenant === tenant && isDraining)
  if (ownDraining.length > 0) return ownDraining.reduce(withLongerIdleTime)
  const withoutGuests = idle.filter(
    ({ guests, idleMs }) => guests.size === 0 && idleMs >= displaceableAfterMs.withoutGuests,
  )
  if (withoutGuests.length > 0) return withoutGuests.reduce(withLongerIdleTime)
  const used = idle.filter(
    ({ idleMs, usableMs }) => idleMs >= displaceableAfterMs.withGuests || usableMs >= displaceableAfterMs.used,
  )
  return used.length > 0 ? used.reduce(withLongerIdleTime) : undefined
}

function withFewerTurns(one: SandboxProcess | undefined, other: SandboxProcess): SandboxProcess {
  return one && one.load <= other.load ? one : other
}

function withFewerGuests(one: SandboxProcess, other: SandboxProcess): SandboxProcess {
  return one.guests.size <= other.guests.size ? one : other
}

function withLongerIdleTime(one: SandboxProcess, other: SandboxProcess): SandboxProcess {
  return one.idleMs >= other.idleMs ? one : other
}
