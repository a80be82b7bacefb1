import type { JournalEntry } from '@codemode/shared'
import { sql } from 'kysely'
import { expect, test } from 'vitest'

import { LeaseLost, type Lease } from '../execution-store.ts'
import { claimExecutions } from './claim-executions.ts'
import { commitGroup, type Commit, type CommitOutcome } from './commit-group.ts'
import { GroupCommitter } from './group-committer.ts'
import {
  answer,
  complete,
  newExecution,
  openParts,
  query,
  startStore,
  useServer,
  worker,
} from './postgres-store.test-support.ts'
import { readEntries } from './read-journal.ts'
import type { StoreParts } from './store-parts.ts'

const servers = useServer()

interface Claims extends StoreParts {
  readonly url: string
  readonly keys: readonly string[]
}

/** Runs a test with executions that this node has claimed once. */
async function withClaims(count: number, run: (claims: Claims) => Promise<void>): Promise<void> {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url, { statementTimeoutMs: 60_000 })
  for (let n = 0; n < count; n++) await store.create(newExecution())
  const rows = await query(url, 'select key from codemode.executions order by key')
  const keys = rows.map(({ key }) => String(key))
  await claimExecutions(parts.db, 'a', keys)
  await run({ url, ...parts, keys })
}

/** Returns the commit of one entry by the holder of an epoch. */
function commitOf(key: string, epoch: number, more: Partial<Commit> = {}): Commit {
  return {
    key,
    epoch,
    tenant: 'acme',
    owner: 'owner',
    topic: key,
    position: 0,
    entries: [],
    payloads: [JSON.stringify(answer(1))],
    ...more,
  }
}

const job = { id: '00000000-0000-0000-0000-000000000000', retryCount: 0, key: '' }
const finish = { ending: { type: 'finish', job }, change: { status: 'completed', finishedAt: 1 } } as const

/** Returns the entries of a journal in clear text. */
const entriesOf = (parts: StoreParts, key: string) => readEntries(parts, { key, tenant: 'acme', id: '' })

const outcomesOf = async (claims: Claims, group: readonly Commit[]) => [
  ...(await commitGroup(claims.db, claims, group)).values(),
]

/** Runs statements in a transaction that may wait as long as the test needs, for locks and for its next statement. */
function withoutLockTimeouts<T>({ db }: StoreParts, run: (trx: StoreParts['db']) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select set_config('lock_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`.execute(
      trx,
    )
    return run(trx)
  })
}

/** Waits until a statement of another connection waits for a lock. */
async function untilBlocked(url: string): Promise<void> {
  await expect
    .poll(() =>
      query(url, "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"),
    )
    .toHaveLength(1)
}

test.each([
  ['an append', {}],
  ['the end', finish],
  ['parking', { ending: { type: 'park', job, wakeAt: 0 } } as const],
])('%s is refused after a newer claim, and writes nothing', async (_what, more) => {
  await withClaims(1, async (claims) => {
    const [key = ''] = claims.keys
    await claimExecutions(claims.db, 'b', [key])
    expect(await outcomesOf(claims, [commitOf(key, 1, more)])).toEqual(['lost'])
    expect(await entriesOf(claims, key)).toEqual([])
    expect(await query(claims.url, 'select status, node, epoch from codemode.executions')).toEqual([
      { status: 'queued', node: 'b', epoch: 2 },
    ])
  })
})

test('the new holder reads an append that was begun before its claim', async () => {
  await withClaims(1, async (claims) => {
    const [key = ''] = claims.keys
    let claimed: Promise<JournalEntry[]> | undefined
    await withoutLockTimeouts(claims, async (trx) => {
      expect(await outcomesOf({ ...claims, db: trx }, [commitOf(key, 1)])).toEqual(['committed'])
      claimed = withoutLockTimeouts(claims, (db) => claimExecutions(db, 'b', [key])).then(() => entriesOf(claims, key))
      await untilBlocked(claims.url)
    })
    expect(await claimed).toMatchObject([{ type: 'answer' }])
  })
})

test.each([
  ['an append', {}],
  ['the end', finish],
])('%s that was begun while another node was claiming writes nothing after the claim', async (_what, more) => {
  await withClaims(1, async (claims) => {
    const [key = ''] = claims.keys
    let outcomes: Promise<CommitOutcome[]> | undefined
    await withoutLockTimeouts(claims, async (trx) => {
      await claimExecutions(trx, 'b', [key])
      outcomes = withoutLockTimeouts(claims, (db) => outcomesOf({ ...claims, db }, [commitOf(key, 1, more)]))
      await untilBlocked(claims.url)
    })
    expect(await outcomes).toEqual(['lost'])
    expect(await entriesOf(claims, key)).toEqual([])
  })
})

test.each([
  ['appends', {}],
  ['appends and an end', finish],
])('a lost lease in a group of %s does not fail the others', async (_what, more) => {
  await withClaims(4, async (claims) => {
    const [a = '', b = '', c = '', d = ''] = claims.keys
    await claimExecutions(claims.db, 'b', [b])
    const group = [commitOf(d, 1, more), commitOf(b, 1), commitOf(a, 1), commitOf(c, 1)]
    expect(await outcomesOf(claims, group)).toEqual(['committed', 'lost', 'committed', 'committed'])
    const entries = await query(claims.url, 'select key from codemode.entries order by key')
    expect(entries.map(({ key }) => key)).toEqual([a, c, d])
  })
})

test.each([
  ['an append', {}],
  ['a release that is made again', { ending: { type: 'release', job }, isRepeated: true } as const],
])('%s of an old lease is refused, also beside a commit of a newer lease of this node', async (_what, more) => {
  await withClaims(1, async (claims) => {
    const [key = ''] = claims.keys
    await claimExecutions(claims.db, 'a', [key])
    const committer = new GroupCommitter({
      commitGroup: (group) => commitGroup(claims.db, claims, group),
      onCommitted: () => {},
    })
    const commits = [commitOf(key, 1, { position: 1, ...more }), commitOf(key, 2)]
    expect(await Promise.all(commits.map((commit) => committer.commit(commit)))).toEqual(['lost', 'committed'])
    expect(await query(claims.url, 'select position, epoch from codemode.entries')).toEqual([{ position: 0, epoch: 2 }])
    expect(await query(claims.url, 'select node from codemode.executions')).toEqual([{ node: 'a' }])
  })
})

test('a commit that is made again, because its answer was lost, is made once', async () => {
  await withClaims(1, async (claims) => {
    const [key = ''] = claims.keys
    for (const more of [{}, finish]) {
      const commit = commitOf(key, 1, more)
      expect(await outcomesOf(claims, [commit])).toEqual(['committed'])
      expect(await outcomesOf(claims, [{ ...commit, isRepeated: true }])).toEqual(['committed'])
    }
    expect(await entriesOf(claims, key)).toHaveLength(1)
    expect(await outcomesOf(claims, [commitOf(key, 1)])).toEqual(['lost'])
  })
})

test('groups that lock the same executions in another order do not block each other for good', async () => {
  await withClaims(8, async (claims) => {
    const rounds = Array.from({ length: 20 }, (_, position) => [
      outcomesOf(
        claims,
        claims.keys.map((key) => commitOf(key, 1, { position })),
      ),
      outcomesOf(
        claims,
        claims.keys.toReversed().map((key) => commitOf(key, 1, { position: 20 + position })),
      ),
    ])
    const outcomes = (await Promise.all(rounds.flat())).flat()
    expect(new Set(outcomes)).toEqual(new Set(['committed']))
    expect(await query(claims.url, 'select count(*)::int as count from codemode.entries')).toEqual([{ count: 320 }])
  })
})

test('each execution is run by one of two nodes at a time, and by one only', async () => {
  const url = await servers.createDatabase()
  await using first = await startStore(url)
  await using second = await startStore(url)
  const executions = Array.from({ length: 60 }, () => newExecution())
  const running = new Set<string>()
  const ran: string[] = []
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const bothRun = Promise.withResolvers<void>()
  const nodes = new Set<string>()
  const run = (node: string) => async (lease: Lease) => {
    const { id } = lease.execution.facts
    expect(running.has(id)).toBe(false)
    running.add(id)
    ran.push(id)
    nodes.add(node)
    if (nodes.size === 2) bothRun.resolve()
    await bothRun.promise
    await lease.append([answer(1)])
    await lease.append([answer(2)])
    running.delete(id)
    await complete(lease, answer(3))
    if (ran.length === executions.length && running.size === 0) resolve()
  }
  first.work(worker('a', run('a'), 5))
  second.work(worker('b', run('b'), 5))
  await Promise.all(executions.map((execution) => first.create(execution)))
  await done
  expect(ran.toSorted()).toEqual(executions.map(({ facts }) => facts.id).toSorted())
  expect(nodes).toEqual(new Set(['a', 'b']))
  await expect
    .poll(() => query(url, 'select 1 from codemode.executions where epoch <> 1 or node is not null'))
    .toEqual([])
  for (const { facts } of executions) {
    expect((await second.read('acme', facts.id, 0))?.entries).toMatchObject([{ call: 1 }, { call: 2 }, { call: 3 }])
  }
})

test('the holder of a lease that another node has taken over gets LeaseLost from each operation', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url)
  const { promise, resolve } = Promise.withResolvers<unknown[]>()
  store.work(
    worker('a', async (lease) => {
      const [row] = await query(url, 'select key from codemode.executions')
      await claimExecutions(parts.db, 'b', [String(row!['key'])])
      const operations = [
        () => lease.append([answer(1)]),
        () => lease.park([], {}),
        () => lease.release(),
        () => complete(lease),
      ]
      const errors: unknown[] = []
      for (const operation of operations) errors.push(await operation().catch((error: unknown) => error))
      resolve(errors)
    }),
  )
  await store.create(newExecution())
  for (const error of await promise) expect(error).toBeInstanceOf(LeaseLost)
})
