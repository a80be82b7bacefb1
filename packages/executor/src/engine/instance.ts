import { randomBytes } from 'node:crypto'

import type { InstanceReading } from '@codemode/shared'

/** One start of the engine: a random id, and a monotonic clock that began with it. */
export interface Instance {
  readonly id: string
  /** Returns the milliseconds since the instance started, with fractions. */
  now(): number
  /** Returns a reading of the clock, rounded down. */
  reading(): InstanceReading
}

/** Starts an instance on a monotonic clock in milliseconds. */
export function createInstance(clock: () => number = () => performance.now()): Instance {
  const id = randomBytes(16).toString('hex')
  const startedAt = clock()
  const now = (): number => clock() - startedAt
  return { id, now, reading: () => ({ instance: id, clockMs: Math.floor(now()) }) }
}
