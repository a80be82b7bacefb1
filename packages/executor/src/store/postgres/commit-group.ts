// Commits what the runners of several executions have written, in one transaction. The fence: each execution's row is
// locked first, and only executions whose epoch is still the one of the lease are written. A claim takes an exclusive lock
// of the same row; so an append is committed before the claim, or sees the new epoch.
import type { JournalEntry } from '@codemode/shared'
import { sql, type Transaction } from 'kysely'

import type { StatusChange } from '../execution-store.ts'
import type { StoredRequest } from './approvals.ts'
import type { Database, Tables } from './database.ts'
import type { JobQueues } from './job-server.ts'
import { insertNotifications, type NotificationRow } from './notification-rows.ts'
import { endSteps, lockSessions, type EndedStep } from './sessions/end-steps.ts'
import type { WakeUpJob, WakeUps } from './wake-ups.ts'

/** Writes of the holder of a lease, which are committed together. */
export interface Commit {
  readonly key: string
  readonly tenant: string
  /** Topic that is notified after the commit. */
  readonly topic: string
  readonly epoch: number
  /** Position of the first entry in the journal. */
  readonly position: number
  readonly entries: readonly JournalEntry[]
  /** Texts that are stored for the entries. */
  readonly payloads: readonly string[]
  readonly change?: StoredChange | undefined
  /** Number of the last message to remove from the inbox. */
  readonly handled?: number | undefined
  /** Approvals that the entries request, and calls whose approvals they let expire. */
  readonly requested?: readonly StoredRequest[] | undefined
  readonly expired?: readonly number[] | undefined
  /** Notifications that the changes cause. */
  readonly notifications?: readonly NotificationRow[]
  /** Owner of the execution. */
  readonly owner: string
  /** Gives the lease back. */
  readonly ending?: Ending
  /** End of a step of a durable session; absent if the execution is no step, or does not end. */
  readonly step?: EndedStep | undefined
  /** Whether an earlier attempt to commit it failed, and may yet have been committed. */
  isRepeated?: boolean
}

/** State of an execution, with the error as a payload. */
export type StoredChange = Omit<StatusChange, 'error'> & { readonly error?: string; readonly errorCode?: string }

/** End of a lease: the execution has finished, is parked, or is released to be claimed again at once. */
interface Ending {
  readonly type: 'finish' | 'park' | 'release'
  /** Wake-up to complete. */
  readonly job: WakeUpJob
  /** Time of the next wake-up in milliseconds since the epoch. */
  readonly wakeAt?: number | undefined
  /** Reason of the wait of a parked execution. */
  readonly reason?: string | undefined
  /** Whether the execution may have pending approvals, which end with it. */
  readonly cancelsApprovals?: boolean
}

/** Outcome of a commit: it was committed, the lease was lost, or the inbox has messages, so that it cannot be parked. */
export type CommitOutcome = 'committed' | 'lost' | 'has-messages'

/** Commits a group, which has at most one commit of an execution. A refused commit does not affect the others. */
export async function commitGroup(
  db: Database,
  queues: JobQueues,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
  const isOneStatement = group.every(
    ({ ending, notifications = [], step }) =>
      (ending === undefined || ending.type === 'finish') && notifications.length === 0 && step === undefined,
  )
  if (isOneStatement) {
    const outcomes = await write(db, group)
    for (const commit of group) if (outcomes.get(commit) === 'committed') completeSoon(queues.wakeUps, commit)
    return outcomes
  }
  return db.transaction().execute((trx) => commitWithJobs(trx, queues, group))
}

/** Completes the wake-up of an execution that has ended. If this fails it is delivered again, and then discarded. */
function completeSoon(wakeUps: WakeUps, { ending }: Commit): void {
  if (ending !== undefined) wakeUps.completeSoon(ending.job)
}

/**
 * Commits a group in which executions are parked or released, which sends their next wake-ups, steps end, which wakes the next
 * ones, or notifications are sent.
 */
async function commitWithJobs(
  trx: Transaction<Tables>,
  { wakeUps, notifications }: JobQueues,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
  await lockSessions(trx, group)
  const kept = await parksWithMessages(trx, group)
  const writable = group.filter((commit) => !kept.includes(commit))
  const outcomes = await write(trx, writable)
  for (const commit of kept) outcomes.set(commit, 'has-messages')
  const committed = writable.filter((commit) => outcomes.get(commit) === 'committed')
  await insertNotifications(
    trx,
    notifications,
    committed.flatMap((commit) => commit.notifications ?? []),
  )
  const ended = committed.flatMap((commit) =>
    commit.ending === undefined ? [] : [{ ...commit, ending: commit.ending }],
  )
  if (ended.length === 0) return outcomes
  await wakeUps.complete(
    trx,
    ended.map(({ ending }) => ending.job),
  )
  const woken = ended.filter(({ ending }) => ending.type === 'release' || ending.wakeAt !== undefined)
  await wakeUps.send(trx, [
    ...woken.map(({ key, tenant, ending }) => ({ key, tenant, at: ending.wakeAt })),
    ...(await endSteps(trx, committed)),
  ])
  return outcomes
}

/**
 * Returns the commits that would park an execution with messages in its inbox. All rows of the group are locked by a
 * statement before, so that the messages of every post that was committed are seen, and no further post begins.
 */
async function parksWithMessages(trx: Transaction<Tables>, group: readonly Commit[]): Promise<Commit[]> {
  const parking = group.filter(({ ending }) => ending?.type === 'park')
  if (parking.length === 0) return []
  await lockRows(group).execute(trx)
  const { rows } = await sql<{ key: string }>`
    select parking.key
    from unnest(${parking.map(({ key }) => key)}::bigint[], ${parking.map(({ handled = 0 }) => handled)}::bigint[])
      as parking (key, handled)
    where exists (select from codemode.inbox where key = parking.key and number > handled)`.execute(trx)
  const keys = new Set(rows.map(({ key }) => key))
  return parking.filter(({ key }) => keys.has(key))
}

interface LockedRow {
  readonly key: string
  /** False if the holder of the epoch has given the lease back. */
  readonly is_held: boolean
}

/** Locks the rows of a group whose epochs are still valid, in the order of the keys. */
function lockRows(group: readonly Commit[]) {
  return sql<LockedRow>`
    select e.key, e.node is not null as is_held
    from codemode.executions e
    join unnest(${group.map(({ key }) => key)}::bigint[], ${group.map(({ epoch }) => epoch)}::int[])
      as mine (key, epoch) on e.key = mine.key and e.epoch = mine.epoch
    order by e.key
    for no key update of e`
}

/** Locks the rows of a group, and writes what belongs to the locked ones, by one statement. */
async function write(db: Database, group: readonly Commit[]): Promise<Map<Commit, CommitOutcome>> {
  if (group.length === 0) return new Map()
  const { rows } = await sql<LockedRow>`
    with locked as materialized (${lockRows(group)}),
    held as materialized (select key from locked where is_held)
    ${sql.join(
      [
        insertEntries(group),
        ...updateExecutions(group),
        ...deleteMessages(group),
        ...insertApprovals(group),
        ...endApprovals(group),
      ],
      sql``,
    )}
    select key, is_held from locked`.execute(db)
  const isHeld = new Map(rows.map((row) => [row.key, row.is_held]))
  const outcome = ({ key, ending, isRepeated = false }: Commit): CommitOutcome => {
    // A lease of this epoch that has been given back already: by an earlier attempt of the same commit.
    const isDone = isHeld.get(key) === false && isRepeated && ending !== undefined
    return isHeld.get(key) === true || isDone ? 'committed' : 'lost'
  }
  return new Map(group.map((commit) => [commit, outcome(commit)]))
}

/** Inserts the entries. One that exists was written by an earlier attempt of the same commit. */
function insertEntries(group: readonly Commit[]) {
  const keys = group.flatMap(({ key, payloads }) => payloads.map(() => key))
  const positions = group.flatMap(({ position, payloads }) => payloads.map((_, index) => position + index))
  const epochs = group.flatMap(({ epoch, payloads }) => payloads.map(() => epoch))
  const payloads = group.flatMap(({ payloads }) => payloads)
  return sql`, written as (
    insert into codemode.entries (key, position, epoch, payload)
    select key, position, epoch, payload
    from unnest(${keys}::bigint[], ${positions}::int[], ${epochs}::int[], ${payloads}::text[])
      as entry (key, position, epoch, payload)
    join held using (key)
    on conflict do nothing
  )`
}

function updateExecutions(group: readonly Commit[]) {
  const changed = group.filter(({ change, ending }) => change !== undefined || ending !== undefined)
  if (changed.length === 0) return []
  const changes = changed.map(({ change }) => change)
  const update = sql`, changed as (
    update codemode.executions e set
      status = coalesce(c.status, e.status),
      started_at = coalesce(to_timestamp(c.started_at / 1000), e.started_at),
      finished_at = coalesce(to_timestamp(c.finished_at / 1000), e.finished_at),
      error = case when c.status is null then e.error else c.error end,
      error_code = case when c.status is null then e.error_code else c.error_code end,
      callback = case when c.finished_at is null then e.callback end,
      node = case when c.is_given_back then null else e.node end,
      wake_at = case when c.is_given_back then to_timestamp(c.wake_at / 1000) else e.wake_at end,
      parked_for = c.parked_for
    from unnest(
      ${changed.map(({ key }) => key)}::bigint[],
      ${changes.map((change) => change?.status ?? null)}::text[],
      ${changes.map((change) => change?.startedAt ?? null)}::float8[],
      ${changes.map((change) => change?.finishedAt ?? null)}::float8[],
      ${changes.map((change) => change?.error ?? null)}::text[],
      ${changes.map((change) => change?.errorCode ?? null)}::text[],
      ${changed.map(({ ending }) => ending !== undefined)}::boolean[],
      ${changed.map(({ ending }) => wakeTimeOf(ending))}::float8[],
      ${changed.map(({ ending }) => ending?.reason ?? null)}::text[]
    ) as c (key, status, started_at, finished_at, error, error_code, is_given_back, wake_at, parked_for)
    join held using (key)
    where e.key = c.key
  )`
  return [update]
}

/** Returns the time of the next claim of an execution whose lease is given back; null if only a message is waited for. */
function wakeTimeOf(ending: Ending | undefined): number | null {
  return ending?.type === 'release' ? Date.now() : (ending?.wakeAt ?? null)
}

/** Number above all numbers of messages. */
const allMessages = Number.MAX_SAFE_INTEGER

function deleteMessages(group: readonly Commit[]) {
  const handled = group.flatMap(({ key, handled, ending }) => {
    const upTo = ending?.type === 'finish' ? allMessages : handled
    return upTo === undefined ? [] : [{ key, upTo }]
  })
  if (handled.length === 0) return []
  const remove = sql`, emptied as (
    delete from codemode.inbox
    using unnest(${handled.map(({ key }) => key)}::bigint[], ${handled.map(({ upTo }) => upTo)}::bigint[])
      as handled (key, up_to) join held using (key)
    where inbox.key = handled.key and inbox.number <= handled.up_to
  )`
  return [remove]
}

/** Inserts requested approvals. A call that is paused again, after an approval, gets a new one in place of the old one. */
function insertApprovals(group: readonly Commit[]) {
  const rows = group.flatMap((commit) => (commit.requested ?? []).map((approval) => ({ ...commit, approval })))
  if (rows.length === 0) return []
  const approvals = rows.map(({ approval }) => approval)
  const insert = sql`, requested as (
    insert into codemode.approvals
      (key, call, tenant, owner, status, payload, input_hash, requested_at, expires_at)
    select key, call, tenant, owner, 'pending', payload, input_hash, to_timestamp(requested_at / 1000),
      to_timestamp(expires_at / 1000)
    from unnest(
      ${rows.map(({ key }) => key)}::bigint[],
      ${approvals.map(({ call }) => call)}::int[],
      ${rows.map(({ tenant }) => tenant)}::text[],
      ${rows.map(({ owner }) => owner)}::text[],
      ${approvals.map(({ payload }) => payload)}::text[],
      ${approvals.map(({ inputHash }) => inputHash)}::text[],
      ${approvals.map(({ requestedAt }) => requestedAt)}::float8[],
      ${approvals.map(({ expiresAt }) => expiresAt ?? null)}::float8[]
    ) as approval (key, call, tenant, owner, payload, input_hash, requested_at, expires_at)
    join held using (key)
    on conflict (key, call) do update set
      status = 'pending', payload = excluded.payload, decision = null, input_hash = excluded.input_hash,
      requested_at = excluded.requested_at, expires_at = excluded.expires_at, decided_at = null
    where approvals.requested_at < excluded.requested_at
  )`
  return [insert]
}

/** Ends approvals that have expired, and those of executions that have finished. */
function endApprovals(group: readonly Commit[]) {
  const ended = group.flatMap(({ key, ending, expired = [] }) => [
    ...expired.map((call) => ({ key, call, status: 'expired' })),
    ...(ending?.type === 'finish' && ending.cancelsApprovals ? [{ key, call: null, status: 'cancelled' }] : []),
  ])
  if (ended.length === 0) return []
  const update = sql`, closed as (
    update codemode.approvals a set status = ended.status
    from unnest(
      ${ended.map(({ key }) => key)}::bigint[],
      ${ended.map(({ call }) => call)}::int[],
      ${ended.map(({ status }) => status)}::text[]
    ) as ended (key, call, status)
    join held using (key)
    where a.key = ended.key and a.status = 'pending' and (ended.call is null or a.call = ended.call)
  )`
  return [update]
}
