import type { Database } from './database.ts'
import type { Payloads } from './payload.ts'
import type { WakeUps } from './wake-ups.ts'

/** Parts of the store that its operations work with. */
export interface StoreParts {
  readonly db: Database
  readonly payloads: Payloads
  readonly wakeUps: WakeUps
}

/** Parts that operations need which only read. */
export type ReadingParts = Pick<StoreParts, 'db' | 'payloads'>

/** Number of an execution in the database, with what names it elsewhere. */
export interface ExecutionKey {
  readonly key: string
  readonly tenant: string
  readonly id: string
}
