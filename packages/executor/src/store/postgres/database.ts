// Tables of the store and typed access to them.
import type { ApprovalStatus, ExecutionStatus } from '@codemode/shared'
import {
  Kysely,
  PostgresDialect,
  type ColumnType,
  type GeneratedAlways,
  type PostgresPool,
  type Selectable,
} from 'kysely'

/** Schema of the store's tables. */
export const storeSchema = 'codemode'

/** Row of an execution. */
interface ExecutionsTable {
  /** Number of the execution in this database, by which other tables refer to it. */
  key: GeneratedAlways<string>
  tenant: string
  id: string
  owner: string
  key_id: string
  correlation_id: string
  /** Label by `encodeText`. */
  label: string | null
  body_hash: string
  isolation: 'tenant' | 'execution'
  /** Payload; null in a tombstone. */
  header: string | null
  /** Payload; null without a callback and after the end. */
  callback: string | null
  /** Receiver of notifications as a payload; null without one and in a tombstone. */
  notify: string | null
  /** Payload. */
  error: string | null
  status: ExecutionStatus
  /** Number of claims. */
  epoch: ColumnType<number, never, number>
  /** Node that holds the lease; null if nobody holds it. */
  node: string | null
  /** Time of the next wake-up while nobody holds the lease; null if only a message or the expiry is waited for. */
  wake_at: ColumnType<Date | null, never, unknown>
  created_at: ColumnType<Date, never, never>
  expires_at: ColumnType<Date, unknown, never>
  started_at: Date | null
  finished_at: Date | null
  /** Whether it is an attached execution, which was recorded after its end. */
  is_attached: ColumnType<boolean, never, never>
  /** Reader that serves the tool calls, and the end of its right to do so. */
  served_by: string | null
  served_until: ColumnType<Date | null, never, unknown>
  /** Whether only the id and the hash of the body are left. */
  is_tombstone: ColumnType<boolean, never, boolean>
}

/** Entry of a journal. */
interface EntriesTable {
  key: string
  /** Position in the journal, from 0. */
  position: number
  /** Epoch of the lease under which the entry was appended. */
  epoch: number
  payload: string
}

/** Message to the runner of an execution. */
interface InboxTable {
  number: GeneratedAlways<string>
  key: string
  payload: string
  /** Number of the call that the message answers; null for other messages. */
  call: number | null
}

/** Approval that an execution has requested. */
interface ApprovalsTable {
  /** Place in the list of approvals. */
  number: GeneratedAlways<string>
  key: string
  /** Number of the call. */
  call: number
  tenant: string
  /** Owner of the execution. */
  owner: string
  status: ApprovalStatus
  /** Payload: tool, input and reason. */
  payload: string
  /** Payload; null while nobody has decided. */
  decision: string | null
  input_hash: string
  requested_at: Date
  expires_at: Date | null
  decided_at: ColumnType<Date | null, never, unknown>
}

/** Guest runtime of a node. */
interface GuestRuntimesTable {
  hash: string
  text: string
  created_at: ColumnType<Date, never, never>
  /** Time at which a node with this runtime was last there. */
  used_at: ColumnType<Date, never, unknown>
}

/** Notification that was not delivered yet. It is deleted when it was delivered, or with its execution. */
interface NotificationsTable {
  number: GeneratedAlways<string>
  /** Number of the execution. */
  key: string
  tenant: string
  /** Id of the webhook, the same in all attempts. */
  id: string
  /** Message as a payload. */
  payload: string
  status: ColumnType<'pending' | 'dead', never, 'pending' | 'dead'>
  created_at: ColumnType<Date, never, never>
  /** Number of attempts that failed. */
  attempts: ColumnType<number, never, number>
  last_attempt_at: Date | null
  /** Reason for which the last attempt failed. */
  problem: string | null
}

export interface Tables {
  approvals: ApprovalsTable
  executions: ExecutionsTable
  entries: EntriesTable
  inbox: InboxTable
  guest_runtimes: GuestRuntimesTable
  notifications: NotificationsTable
}

export type ExecutionRow = Selectable<ExecutionsTable>

/** Typed access to the tables of the store, also within a transaction. */
export type Database = Kysely<Tables>

/** Returns access to the tables. Destroying it ends the pool. */
export function createDatabase(pool: PostgresPool): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(storeSchema)
}
