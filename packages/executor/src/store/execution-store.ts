// Store of detached executions. The journal in the store is the truth: a node holds a lease of an execution while it runs
// it, and only the holder of the lease appends. Everyone else posts messages to the execution's inbox.
import type {
  Callback,
  ExecutionFailure,
  ExecutionStatus,
  Journal,
  JournalEntry,
  JournalHeader,
  Notification,
  NotificationList,
  Notify,
  ToolResponse,
} from '@codemode/shared'

import type {
  ApprovalListOptions,
  ApprovalPage,
  Decided,
  DecisionMade,
  NewDecision,
  RequestedApproval,
} from './stored-approval.ts'
import type { CountBounds, CountOptions, ExecutionGroups, ExecutionPage, ListOptions } from './execution-list.ts'
import type { LeasedStep, SessionStore, StepEnd } from './session-store.ts'
import type { NotificationListOptions } from './stored-notification.ts'

/** Facts about an execution that are no input of its guest. */
export interface ExecutionFacts {
  readonly id: string
  readonly tenant: string
  /** Owner of the API key that submitted the execution. It stays the same when the key is rotated. */
  readonly owner: string
  readonly keyId: string
  readonly correlationId: string
  readonly label?: string
  /** SHA-256 of the request's body without `callback` and `notify`. */
  readonly bodyHash: string
  readonly isolation: 'tenant' | 'execution'
  /** True if its guests may get an isolate that has had others of the tenant before. */
  readonly reuseIsolates: boolean
  /** Way to the tools; absent for code without tools, and if their calls wait for a client that resumes the execution. */
  readonly callback?: Callback
  /** Receiver of notifications; absent if nobody asked for them. */
  readonly notify?: Notify
  /** Milliseconds after which the execution ends wherever it is, by the clock of the store. */
  readonly expiresAfterMs: number
}

/** Accepted execution that has not been stored yet. */
export interface NewExecution {
  readonly facts: ExecutionFacts
  readonly header: JournalHeader
  /** Maximum number of executions of the tenant that may be stored without having started; one more is refused. */
  readonly maxQueued: number
}

/** Outcome of an attempt to store an execution. */
export type Created =
  | { readonly type: 'created' }
  /** The tenant already has an execution with this id, or had one (`isGone`). */
  | { readonly type: 'exists'; readonly bodyHash: string; readonly isGone: boolean }
  | { readonly type: 'too-many-queued' }

/** Attached execution that has ended, as it is recorded. */
export interface EndedExecution {
  readonly facts: Omit<ExecutionFacts, 'callback' | 'expiresAfterMs'>
  readonly journal: { readonly header: JournalHeader; readonly entries: readonly JournalEntry[] }
  readonly end: StatusChange & { readonly finishedAt: number }
}

/** Stored execution as others than its runner see it. */
export interface StoredExecution {
  readonly facts: ExecutionFacts
  /** Whether it is an attached execution, which was recorded after its end. */
  readonly isAttached: boolean
  readonly status: ExecutionStatus
  readonly createdAt: number
  readonly expiresAt: number
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly error?: ExecutionFailure
}

/** Response to a call that did not come over the call's own connection. */
export interface AnswerMessage {
  readonly kind: 'answer'
  /** Number of the call. */
  readonly call: number
  readonly response: ToolResponse
}

/** Message to the runner of an execution. */
export type InboxMessage =
  | { readonly kind: 'cancel'; readonly reason?: string }
  /** The code of a step that waits for earlier ones has an error, so the step ends with it. */
  | { readonly kind: 'fail'; readonly error: ExecutionFailure }
  | { readonly kind: 'wake' }
  /** The execution has a new callback; the runner gives the lease back, and the next claim uses it. */
  | { readonly kind: 'callback' }
  | AnswerMessage
  | { readonly kind: 'decision'; readonly call: number; readonly made: DecisionMade }

/** Attached execution that becomes a detached one while it waits for approvals. */
export interface Promotion {
  readonly execution: Omit<NewExecution, 'maxQueued'>
  readonly entries: readonly JournalEntry[]
  readonly requested: readonly RequestedApproval[]
  /** Number of claims so far. */
  readonly epoch: number
  readonly startedAt: number
  readonly wakeAt?: number | undefined
}

/** Message in the inbox of an execution. */
export interface ReceivedMessage {
  /** Position in the order of arrival. */
  readonly number: number
  readonly message: InboxMessage
}

/** State of an execution in the columns by which it is listed. The lease writes it together with the entries. */
export interface StatusChange {
  readonly status: ExecutionStatus
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly error?: ExecutionFailure
}

/** Further effects of an append, in its transaction. */
export interface AppendOptions {
  readonly change?: StatusChange
  /** Number of the last message that the runner has handled; it and the ones before it are removed from the inbox. */
  readonly handled?: number
  /** Approvals that the entries request. */
  readonly requested?: readonly RequestedApproval[]
  /** Numbers of the calls whose approvals the entries let expire. */
  readonly expired?: readonly number[]
}

/** Further effects of parking an execution, in its transaction. */
export interface ParkOptions extends AppendOptions {
  /** Reason of the wait, by which parked executions are counted; absent for a step that waits for earlier ones. */
  readonly reason?: string
  /** Time of the next claim in milliseconds since the epoch; without it only a message or the expiry is waited for. */
  readonly wakeAt?: number
}

/** Refusal of an operation on an execution that another node has claimed since. The holder stops without a trace. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** Right of one node to run an execution and append to its journal, until another node claims the execution. */
export interface Lease {
  readonly execution: StoredExecution
  readonly header: JournalHeader
  /** Place in a durable session; absent for other executions. */
  readonly step?: LeasedStep | undefined
  /** Entries of the journal when the execution was claimed. */
  readonly entries: readonly JournalEntry[]
  /** Number of the claim, counted from 1; the fencing token. */
  readonly epoch: number
  /** Milliseconds from the claim to the expiry of the execution by the store's clock; negative if it has expired. */
  readonly expiresInMs: number
  /**
   * Returns undefined if the store has confirmed the lease within the last seconds, so that no other node can have claimed
   * the execution. Otherwise, for example after the node was frozen, returns a promise that resolves when the store has
   * confirmed it again, and rejects with `LeaseLost` if it does not. Effects outside of the node wait for it.
   */
  confirm(): Promise<void> | undefined
  /** Appends entries in one transaction. Rejects with `LeaseLost`, as the following methods do. */
  append(entries: readonly JournalEntry[], options?: AppendOptions): Promise<void>
  /**
   * Appends the last entries, sets the final status, cancels pending approvals, deletes the inbox and gives the lease back,
   * in one transaction. That of a step also wakes the next step of the session.
   */
  finish(entries: readonly JournalEntry[], change: StatusChange, step?: StepEnd): Promise<void>
  /**
   * Appends entries and gives the lease back, in one transaction; the execution is claimed again at `wakeAt`, at a message
   * and when it expires. Returns false, and does nothing, if the inbox has messages that were not handled.
   */
  park(entries: readonly JournalEntry[], options: ParkOptions): Promise<boolean>
  /** Gives the lease back without an entry, so that another node can claim the execution at once. */
  release(): Promise<void>
  /** Returns the messages in the inbox, in the order of their arrival. They stay there until they have been handled. */
  messages(): Promise<ReceivedMessage[]>
  /** Calls the listener when messages may have arrived. */
  onMessage(listener: () => void): void
}

/** Entries that a node has appended to a journal. */
export interface Appended {
  /** Position of the first of them, from 0. */
  readonly position: number
  readonly entries: readonly JournalEntry[]
}

/** Guest runtime in the store. */
export interface StoredRuntime {
  /** SHA-256 of the text, by which headers of journals name the runtime. */
  readonly hash: string
  readonly text: string
}

/** Worker of a node, to which the store gives the leases of executions that can go on. */
export interface Worker {
  /** Name of the node. */
  readonly node: string
  /** Returns the number of further executions that the node can take now. */
  places(): number
  /** Runs an execution under a lease, until it has finished, parked or released it, or has lost it. Never rejects. */
  run(lease: Lease): Promise<void>
}

/** A worker at work. */
export interface Working {
  /** Looks for work again, because the node has places. */
  wake(): void
  /** Takes no further executions, and resolves when the leases that were given have been given back. */
  stop(): Promise<void>
}

/**
 * Store of detached executions, and of records of attached ones. Its methods reject with `RequestError` STORE_UNAVAILABLE
 * when the store does not answer in time.
 */
export interface ExecutionStore extends AsyncDisposable {
  /**
   * Whether the store has been started, or starts by itself. A store that is started by its first detached execution
   * records nothing before.
   */
  readonly isInUse: boolean
  /** Durable sessions. */
  readonly sessions: SessionStore
  /** Stores an execution, so that a worker claims it, or returns the one with the same id. */
  create(execution: NewExecution): Promise<Created>
  /** Records attached executions that have ended: all or none of them, except those whose ids exist. */
  record(executions: readonly EndedExecution[]): Promise<void>
  /** Returns the tenant's execution with this id; undefined if there is none. */
  find(tenant: string, id: string): Promise<StoredExecution | undefined>
  list(tenant: string, options: ListOptions): Promise<ExecutionPage>
  count(tenant: string, options: CountOptions, bounds: CountBounds): Promise<ExecutionGroups>
  /** Returns the header of a journal, and its entries after the first `after` ones; undefined if there is none. */
  read(tenant: string, id: string, after: number): Promise<Journal | undefined>
  /** Returns the number of entries of a journal, without reading them. */
  countEntries(tenant: string, id: string): Promise<number>
  /** Returns the number of parked executions of all tenants by what they wait for, without reasons that have none. */
  countParked(): Promise<ReadonlyMap<string, number>>
  /** Returns the text of a guest runtime of some node; undefined if there is none. */
  findRuntime(hash: string): Promise<string | undefined>
  /** Puts a message into the inbox of an execution, and wakes it. Returns false if it has ended or there is none. */
  post(tenant: string, id: string, message: InboxMessage): Promise<boolean>
  /**
   * Puts the response to an open call into the inbox, as `post` does. Returns `late` if the inbox has an answer to the call
   * already or the execution has ended; `stale`, without an effect, if the journal has more than the given entries, by which
   * the caller has found the call open.
   */
  answer(tenant: string, id: string, message: AnswerMessage, entries: number): Promise<'accepted' | 'late' | 'stale'>
  /**
   * Stores an attached execution with its entries and approvals, parked, in one transaction. Returns true also if it was
   * stored by an earlier attempt; false if another execution has the id. Rejects with an ambiguous error if it may have been
   * stored.
   */
  promote(promotion: Promotion): Promise<boolean>
  /** Decides about a pending approval that has not expired, and wakes its execution, in one transaction. */
  decide(tenant: string, id: string, decision: NewDecision): Promise<Decided | undefined>
  listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage>
  /**
   * Replaces the callback of an execution, and wakes it. Has no effect if the execution has ended or does not exist, or
   * while a reader serves its calls.
   */
  setCallback(tenant: string, id: string, callback: Callback): Promise<'replaced' | 'ended' | 'served'>
  /**
   * Gives a reader the right to serve the tool calls of an execution for the given milliseconds, or extends it. Returns
   * false while another reader has the right.
   */
  serve(tenant: string, id: string, reader: string, ms: number): Promise<boolean>
  /** Takes the right to serve from a reader. */
  stopServing(tenant: string, id: string, reader: string): Promise<void>
  /**
   * Calls the listener when the journal of an execution may have grown, until the returned function is called: with the
   * entries if this node has appended them. Calls may be missing; who needs all entries reads them at times of its own as
   * well.
   */
  onAppend(tenant: string, id: string, listener: (appended?: Appended) => void): () => void
  /** Returns a page of the tenant's notifications that were not delivered, oldest first. */
  listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList>
  /** Sends a notification again that was not delivered. Returns undefined if there is none with this id. */
  resendNotification(tenant: string, id: string): Promise<Notification | undefined>
  /** Starts a worker. */
  work(worker: Worker): Working
}
