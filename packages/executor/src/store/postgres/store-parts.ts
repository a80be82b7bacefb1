import type { Database } from './database.ts'
import type { JobQueues } from './job-server.ts'
import type { Payloads } from './payload.ts'

/** Parts of the store that its operations work with. */
export interface StoreParts extends JobQueues {
  readonly db: Database
  readonly payloads: Payloads
}

/** Parts that operations need which only read. */
export type ReadingParts = Pick<StoreParts, 'db' | 'payloads'>

/** Number of an execution in the database, with what names it elsewhere. */
export interface ExecutionKey {
  readonly key: string
  readonly tenant: string
  readonly id: string
}
