// Tables of the store and typed access to them.
import type { ApprovalStatus, ExecutionStatus, JournalHeader } from '@codemode/shared'
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
  reuse_isolates: boolean
  /** Payload; null in a tombstone. */
  header: string | null
  /** Payload; null without a callback and after the end. */
  callback: string | null
  /** Receiver of notifications as a payload; null without one and in a tombstone. */
  notify: string | null
  /** Payload. */
  error: string | null
  /** Code of the error; null without one, and if an older executor has written it. */
  error_code: string | null
  status: ExecutionStatus
  /** Number of claims. */
  epoch: ColumnType<number, never, number>
  /** Node that holds the lease; null if nobody holds it. */
  node: string | null
  /** Reason of the wait of a parked execution; null for other executions, and for steps that wait for earlier ones. */
  parked_for: ColumnType<string | null, never, string | null>
  /** Time of the next wake-up while nobody holds the lease; null if only a message or the expiry is waited for. */
  wake_at: ColumnType<Date | null, never, unknown>
  created_at: ColumnType<Date, never, never>
  expires_at: ColumnType<Date, unknown, never>
  started_at: Date | null
  finished_at: Date | null
  /** Final status; null before the end. */
  outcome: GeneratedAlways<'completed' | 'failed' | 'cancelled' | null>
  /** Whether it is an attached execution, which was recorded after its end. */
  is_attached: ColumnType<boolean, never, never>
  /** Reader that serves the tool calls, and the end of its right to do so. */
  served_by: string | null
  served_until: ColumnType<Date | null, never, unknown>
  /** Whether only the id and the hash of the body are left. */
  is_tombstone: ColumnType<boolean, never, boolean>
  /** Session of a step; null for other executions, which have none of the following columns either. */
  session_key: string | null
  /** Number of the step in its session. */
  step: number | null
  /** Number of the step at which the session was reset last before it accepted the step; 0 if it was never reset. */
  base_step: number | null
  /** Whether later steps start from the state after the step; null until it has ended. */
  state_kept: boolean | null
  /** Variables after the step as a payload; null if they are not known, and if the state was not kept. */
  variables: string | null
  journal_bytes: string | null
  cpu_ms: number | null
}

/** Row of a durable session. */
interface SessionsTable {
  /** Number of the session in this database, by which other tables refer to it. */
  key: GeneratedAlways<string>
  tenant: string
  id: string
  owner: string
  /** Label by `encodeText`. */
  label: string | null
  /** Payload: context, config and memory limit; null after the end. */
  payload: string | null
  isolation: 'tenant' | 'execution'
  reuse_isolates: boolean
  idle_timeout_ms: string
  created_at: ColumnType<Date, never, never>
  last_used_at: ColumnType<Date, never, unknown>
  /** Time at which the session ends if no step is pending. */
  expires_at: ColumnType<Date, unknown, unknown>
  /** Number of the last step that was accepted. */
  last_step: number
  /** Number of the last step before the last reset; 0 if there was none. */
  base_step: number
  /** Versions of all steps after `base_step`; null before the first of them. */
  runtime: ColumnType<JournalHeader['runtime'] | null, string | null, string | null>
  ended_at: ColumnType<Date | null, never, unknown>
}

/** Step of a session. A fork shares the executions of its first steps with the session that was forked. */
interface SessionStepsTable {
  session_key: string
  step: number
  execution_key: string
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

/** Random secret that the nodes share, in hexadecimal. */
interface SecretsTable {
  name: string
  value: string
}

export interface Tables {
  approvals: ApprovalsTable
  executions: ExecutionsTable
  entries: EntriesTable
  inbox: InboxTable
  guest_runtimes: GuestRuntimesTable
  notifications: NotificationsTable
  sessions: SessionsTable
  session_steps: SessionStepsTable
  secrets: SecretsTable
}

export type ExecutionRow = Selectable<ExecutionsTable>

export type SessionRow = Selectable<SessionsTable>

/** Typed access to the tables of the store, also within a transaction. */
export type Database = Kysely<Tables>

/** Returns access to the tables. Destroying it ends the pool. */
export function createDatabase(pool: PostgresPool): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(storeSchema)
}
