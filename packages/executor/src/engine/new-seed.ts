import { randomFillSync } from 'node:crypto'

const seedBytes = 32

/** The system is asked for many seeds at once: each time costs as much as it takes to admit an execution. */
const pool = Buffer.alloc(64 * seedBytes)
let used = pool.length

/** 256 random bits in hexadecimal, which nobody else gets. */
export function newSeed(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.toString('hex', used, (used += seedBytes))
}
