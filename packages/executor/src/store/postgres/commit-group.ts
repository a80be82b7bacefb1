// Commits what the runners of several executions have written, in one transaction. The fence: each execution's row is
// locked first, and only executions whose epoch is still the one of the lease are written. A claim takes an exclusive lock
// of the same row; so an append is committed before the claim, or sees the new epoch.
import { sql, type Transaction } from 'kysely'

import type { StatusChange } from '../execution-store.ts'
import type { Database, Tables } from './database.ts'
import { encodePayload } from './payload.ts'
import type { JobQueues } from './job-server.ts'
import { insertNotifications, type NotificationRow } from './notification-rows.ts'
import type { WakeUpJob } from './wake-ups.ts'

/** Writes of the holder of a lease, which are committed together. */
export interface Commit {
  readonly key: string
  readonly tenant: string
  /** Topic that is notified after the commit. */
  readonly topic: string
  readonly epoch: number
  /** Position of the first entry in the journal. */
  readonly position: number
  readonly payloads: readonly string[]
  readonly change?: StatusChange | undefined
  /** Number of the last message to remove from the inbox. */
  readonly handled?: number | undefined
  /** Notifications that the changes cause. */
  readonly notifications?: readonly NotificationRow[]
  /** Gives the lease back. */
  readonly ending?: Ending
  /** Whether an earlier attempt to commit it failed, and may yet have been committed. */
  isRepeated?: boolean
}

/** End of a lease: the execution has finished, is parked, or is released to be claimed again at once. */
interface Ending {
  readonly type: 'finish' | 'park' | 'release'
  /** Wake-up to complete. */
  readonly job: WakeUpJob
  /** Time of the next wake-up in milliseconds since the epoch. */
  readonly wakeAt?: number | undefined
}

/** Outcome of a commit: it was committed, the lease was lost, or the inbox has messages, so that it cannot be parked. */
export type CommitOutcome = 'committed' | 'lost' | 'has-messages'

/** Commits a group, at most one commit of an execution. A refused commit does not affect the others. */
export async function commitGroup(
  db: Database,
  queues: JobQueues,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
  const isOneStatement = group.every(
    ({ ending, notifications = [] }) => ending === undefined && notifications.length === 0,
  )
  if (isOneStatement) return write(db, group)
  return db.transaction().execute((trx) => commitWithJobs(trx, queues, group))
}

/** Commits a group in which leases are given back or notifications are sent. */
async function commitWithJobs(
  trx: Transaction<Tables>,
  { wakeUps, notifications }: JobQueues,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
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
  await wakeUps.send(
    trx,
    woken.map(({ key, tenant, ending }) => ({ key, tenant, at: ending.wakeAt })),
  )
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
    ${sql.join([insertEntries(group), ...updateExecutions(group), ...deleteMessages(group)], sql``)}
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
      callback = case when c.finished_at is null then e.callback end,
      node = case when c.is_given_back then null else e.node end
    from unnest(
      ${changed.map(({ key }) => key)}::bigint[],
      ${changes.map((change) => change?.status ?? null)}::text[],
      ${changes.map((change) => change?.startedAt ?? null)}::float8[],
      ${changes.map((change) => change?.finishedAt ?? null)}::float8[],
      ${changes.map((change) => (change?.error === undefined ? null : encodePayload(change.error)))}::text[],
      ${changed.map(({ ending }) => ending !== undefined)}::boolean[]
    ) as c (key, status, started_at, finished_at, error, is_given_back)
    join held using (key)
    where e.key = c.key
  )`
  return [update]
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
