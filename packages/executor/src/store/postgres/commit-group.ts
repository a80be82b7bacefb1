// Commits what the runners of several executions have written, in one transaction. The fence: each execution's row is
// locked first, and only executions whose epoch is still the one of the lease are written. A claim takes an exclusive lock
// of the same row; so an append is committed before the claim, or sees the new epoch.
import { sql, type Transaction } from 'kysely'

import type { StatusChange } from '../execution-store.ts'
import type { Database, Tables } from './database.ts'
import { encodePayload } from './payload.ts'
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
  readonly payloads: readonly string[]
  readonly change?: StatusChange | undefined
  /** Number of the last message to remove from the inbox. */
  readonly handled?: number | undefined
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
  wakeUps: WakeUps,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
  if (group.every(isPlain)) return appendOnly(db, group)
  return db.transaction().execute((trx) => commitAll(trx, wakeUps, group))
}

const isPlain = ({ change, handled, ending }: Commit) =>
  change === undefined && handled === undefined && ending === undefined

interface HeldRow {
  readonly key: string
  readonly is_held: boolean
}

/** Locks the rows of a group whose epochs are still valid, in the order of the keys. */
function lockRows(group: readonly Commit[]) {
  return sql<HeldRow>`
    select e.key, e.node is not null as is_held
    from codemode.executions e
    join unnest(${group.map(({ key }) => key)}::bigint[], ${group.map(({ epoch }) => epoch)}::int[])
      as mine (key, epoch) on e.key = mine.key and e.epoch = mine.epoch
    order by e.key
    for no key update of e`
}

/** Rows of entries, to be inserted. An entry that exists was written by an earlier attempt of the same commit. */
function entryRows(group: readonly Commit[]) {
  const keys = group.flatMap(({ key, payloads }) => payloads.map(() => key))
  const positions = group.flatMap(({ position, payloads }) => payloads.map((_, index) => position + index))
  const epochs = group.flatMap(({ epoch, payloads }) => payloads.map(() => epoch))
  const payloads = group.flatMap(({ payloads }) => payloads)
  return sql`unnest(${keys}::bigint[], ${positions}::int[], ${epochs}::int[], ${payloads}::text[])
    as entry (key, position, epoch, payload)`
}

/** Commits a group of mere appends by one statement. */
async function appendOnly(db: Database, group: readonly Commit[]): Promise<Map<Commit, CommitOutcome>> {
  const { rows } = await sql<HeldRow>`
    with held as materialized (${lockRows(group)}),
    written as (
      insert into codemode.entries (key, position, epoch, payload)
      select entry.key, entry.position, entry.epoch, entry.payload
      from ${entryRows(group)} join held on held.key = entry.key and held.is_held
      on conflict do nothing
    )
    select key, is_held from held`.execute(db)
  return outcomesOf(group, rows)
}

function outcomesOf(group: readonly Commit[], rows: readonly HeldRow[]): Map<Commit, CommitOutcome> {
  const isHeld = new Map(rows.map((row) => [row.key, row.is_held]))
  return new Map(group.map((commit) => [commit, isHeld.get(commit.key) === true ? 'committed' : 'lost']))
}

async function commitAll(
  trx: Transaction<Tables>,
  wakeUps: WakeUps,
  group: readonly Commit[],
): Promise<Map<Commit, CommitOutcome>> {
  const { rows } = await lockRows(group).execute(trx)
  const outcomes = outcomesOf(group, rows)
  for (const commit of group) {
    // The epoch is the one of the lease, and the lease has been given back: by an earlier attempt of this commit.
    const isGivenBack = rows.some(({ key, is_held }) => key === commit.key && !is_held)
    if (isGivenBack && commit.isRepeated === true && commit.ending !== undefined) outcomes.set(commit, 'committed')
  }
  const written = group.filter((commit) => rows.some(({ key, is_held }) => key === commit.key && is_held))
  // A statement of its own, after the locks: it sees all messages that were posted before.
  for (const commit of await withMessages(trx, written)) {
    outcomes.set(commit, 'has-messages')
    written.splice(written.indexOf(commit), 1)
  }
  if (written.length > 0) await write(trx, wakeUps, written)
  return outcomes
}

/** Returns the commits that would park an execution with messages in its inbox. */
async function withMessages(trx: Transaction<Tables>, group: readonly Commit[]): Promise<Commit[]> {
  const parking = group.filter(({ ending }) => ending?.type === 'park')
  if (parking.length === 0) return []
  const { rows } = await sql<{ key: string }>`
    select parking.key
    from unnest(${parking.map(({ key }) => key)}::bigint[], ${parking.map(({ handled = 0 }) => handled)}::bigint[])
      as parking (key, handled)
    where exists (select from codemode.inbox where key = parking.key and number > handled)`.execute(trx)
  return parking.filter((commit) => rows.some(({ key }) => key === commit.key))
}

async function write(trx: Transaction<Tables>, wakeUps: WakeUps, group: readonly Commit[]): Promise<void> {
  if (group.some(({ payloads }) => payloads.length > 0)) {
    await sql`
      insert into codemode.entries (key, position, epoch, payload)
      select key, position, epoch, payload from ${entryRows(group)} on conflict do nothing`.execute(trx)
  }
  await updateExecutions(trx, group)
  await deleteMessages(trx, group)
  const endings = group.flatMap(({ ending }) => (ending === undefined ? [] : [ending]))
  if (endings.length > 0)
    await wakeUps.complete(
      trx,
      endings.map(({ job }) => job),
    )
  for (const { key, tenant, ending } of group) {
    if (ending?.type === 'release') await wakeUps.send(trx, { key, tenant })
    if (ending?.type === 'park' && ending.wakeAt !== undefined) {
      await wakeUps.send(trx, { key, tenant, at: ending.wakeAt })
    }
  }
}

async function updateExecutions(trx: Transaction<Tables>, group: readonly Commit[]): Promise<void> {
  const changed = group.filter(({ change, ending }) => change !== undefined || ending !== undefined)
  if (changed.length === 0) return
  const changes = changed.map(({ change }) => change)
  await sql`
    update codemode.executions e set
      status = coalesce(c.status, e.status),
      started_at = coalesce(to_timestamp(c.started_at / 1000), e.started_at),
      finished_at = coalesce(to_timestamp(c.finished_at / 1000), e.finished_at),
      error = coalesce(c.error, e.error),
      node = case when c.is_given_back then null else e.node end
    from unnest(
      ${changed.map(({ key }) => key)}::bigint[],
      ${changes.map((change) => change?.status ?? null)}::text[],
      ${changes.map((change) => change?.startedAt ?? null)}::float8[],
      ${changes.map((change) => change?.finishedAt ?? null)}::float8[],
      ${changes.map((change) => (change?.error === undefined ? null : encodePayload(change.error)))}::text[],
      ${changed.map(({ ending }) => ending !== undefined)}::boolean[]
    ) as c (key, status, started_at, finished_at, error, is_given_back)
    where e.key = c.key`.execute(trx)
}

/** Number above all numbers of messages. */
const allMessages = Number.MAX_SAFE_INTEGER

async function deleteMessages(trx: Transaction<Tables>, group: readonly Commit[]): Promise<void> {
  const handled = group.flatMap(({ key, handled, ending }) => {
    const upTo = ending?.type === 'finish' ? allMessages : handled
    return upTo === undefined ? [] : [{ key, upTo }]
  })
  if (handled.length === 0) return
  await sql`
    delete from codemode.inbox using
      unnest(${handled.map(({ key }) => key)}::bigint[], ${handled.map(({ upTo }) => upTo)}::bigint[])
        as handled (key, up_to)
    where inbox.key = handled.key and inbox.number <= handled.up_to`.execute(trx)
}
