import { expect, onTestFinished, test, vi } from 'vitest'

import { headerOf } from '../../engine/state/journal.test-support.ts'
import { LeaseLost, type StoredExecution } from '../execution-store.ts'
import type { Commit, CommitOutcome } from './commit-group.ts'
import { Payloads } from './payload.ts'
import { PostgresLease } from './postgres-lease.ts'

/** Returns a lease whose wake-up was taken some milliseconds ago, and the commits that it makes. */
function leaseOf({ ageMs = 0, outcomes = [] as CommitOutcome[] } = {}) {
  const execution = { facts: { tenant: 'acme' } } as StoredExecution
  const commits: Commit[] = []
  const lease = new PostgresLease({
    claimed: { key: '1', epoch: 3, execution, header: headerOf(), entries: [], expiresInMs: 1 },
    payloads: new Payloads({ keys: [], onUnreadable: () => {} }),
    job: { id: '', retryCount: 0, key: '1' },
    topic: '',
    takenAt: performance.now() - ageMs,
    commit: (commit) => {
      commits.push(commit)
      return Promise.resolve(outcomes.shift() ?? 'committed')
    },
    readMessages: () => Promise.resolve([]),
  })
  return { lease, commits }
}

const entry = { type: 'answer', at: 1, call: 1, ok: true, text: '1' } as const

test('a lease is confirmed until the last touch of its wake-up is 8 s old', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  expect(leaseOf({ ageMs: 7_999 }).lease.confirm()).toBeUndefined()
  expect(leaseOf({ ageMs: 8_001 }).lease.confirm()).toBeInstanceOf(Promise)
})

test('an older lease is confirmed by the next touch', async () => {
  const { lease } = leaseOf({ ageMs: 60_000 })
  const confirmed = lease.confirm()
  lease.touched(performance.now())
  await expect(confirmed).resolves.toBeUndefined()
  expect(lease.confirm()).toBeUndefined()
})

test.each([
  ['was taken over', (lease: PostgresLease) => lease.lose('')],
  ['could not be touched for long', (lease: PostgresLease) => lease.touchFailed()],
])('a lease that %s is not confirmed any more', async (_what, fail) => {
  const { lease } = leaseOf({ ageMs: 60_000 })
  const confirmed = lease.confirm()
  fail(lease)
  await expect(confirmed).rejects.toBeInstanceOf(LeaseLost)
  await expect(lease.confirm()).rejects.toBeInstanceOf(LeaseLost)
})

test('a touch that fails once does not lose the lease', () => {
  const { lease } = leaseOf()
  lease.touchFailed()
  expect(lease.confirm()).toBeUndefined()
})

test('the positions of entries follow each other, and entries of a refused parking take none', async () => {
  const { lease, commits } = leaseOf({ outcomes: ['committed', 'has-messages', 'committed'] })
  await lease.append([entry, entry])
  expect(await lease.park([entry], {})).toBe(false)
  await lease.append([entry])
  expect(commits.map(({ position, epoch }) => [position, epoch])).toEqual([
    [0, 3],
    [2, 3],
    [2, 3],
  ])
})

test('a lost lease commits nothing more', async () => {
  const { lease, commits } = leaseOf({ outcomes: ['lost'] })
  await expect(lease.append([entry])).rejects.toBeInstanceOf(LeaseLost)
  await expect(lease.release()).rejects.toBeInstanceOf(LeaseLost)
  expect(commits).toHaveLength(1)
})
