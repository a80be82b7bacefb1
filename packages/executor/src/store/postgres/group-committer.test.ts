import { RequestError } from '@codemode/shared'
import { DatabaseError } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { LeaseLost } from '../execution-store.ts'
import type { Commit, CommitOutcome } from './commit-group.ts'
import { GroupCommitter } from './group-committer.ts'
import { toStoreError } from './store-errors.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const commitOf = (key: string): Commit => ({
  key,
  tenant: '',
  owner: '',
  topic: key,
  epoch: 1,
  position: 0,
  entries: [],
  payloads: [],
})
const patient = { timeout: 30_000 }
const unavailable = new RequestError('STORE_UNAVAILABLE', '')

function errorOf(code: string): unknown {
  const error = new DatabaseError('', 0, 'error')
  error.code = code
  return toStoreError(error)
}

/** Returns a committer whose groups fail as the function says, and what it did. */
function committerOf(failureOf: (keys: readonly string[], attempt: number) => unknown = () => undefined) {
  const groups: string[][] = []
  const committed: string[] = []
  const committer = new GroupCommitter({
    async commitGroup(group) {
      groups.push(group.map(({ key }) => key))
      await Promise.resolve()
      const failure = failureOf(groups.at(-1)!, groups.length)
      if (failure !== undefined) throw failure
      return new Map(group.map((commit): [Commit, CommitOutcome] => [commit, 'committed']))
    },
    onCommitted: (commits) => void committed.push(...commits.map(({ key }) => key)),
  })
  return { committer, groups, committed }
}

test('commits that are made together are one group, and those that come meanwhile are the next', async () => {
  const { committer, groups, committed } = committerOf()
  const first = ['a', 'b'].map((key) => committer.commit(commitOf(key)))
  expect(await first[0]).toBe('committed')
  await Promise.all([...first, committer.commit(commitOf('c')), committer.commit(commitOf('d'))])
  expect(groups).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  expect(committed).toEqual(['a', 'b', 'c', 'd'])
})

test('a group is bounded by number and size', async () => {
  const { committer, groups } = committerOf()
  const many = Array.from({ length: 70 }, (_, index) => committer.commit(commitOf(`${index}`)))
  const large = ['x', 'y'].map((key) => committer.commit({ ...commitOf(key), payloads: ['x'.repeat(5 * 1024 * 1024)] }))
  await Promise.all([...many, ...large])
  expect(groups.map(({ length }) => length)).toEqual([64, 7, 1])
})

test('a group has at most one commit of an execution, and their order is kept', async () => {
  const { committer, groups } = committerOf()
  await Promise.all(['a', 'b', 'a', 'c', 'a'].map((key) => committer.commit(commitOf(key))))
  expect(groups).toEqual([['a', 'b', 'c'], ['a'], ['a']])
})

test('while the store is not available, commits are repeated and marked as such', async () => {
  const { committer, groups } = committerOf((_keys, attempt) => (attempt <= 3 ? unavailable : undefined))
  const commit = commitOf('a')
  const outcome = committer.commit(commit)
  await vi.waitFor(() => {
    vi.advanceTimersByTime(1_000)
    expect(groups).toHaveLength(4)
  }, patient)
  expect(await outcome).toBe('committed')
  expect(commit.isRepeated).toBe(true)
})

test('after a long time without a store, the lease is lost', async () => {
  const { committer } = committerOf(() => unavailable)
  const settled = committer.commit(commitOf('a')).then(
    () => 'committed',
    (error: unknown) => error,
  )
  let outcome: unknown
  void settled.then((value) => (outcome = value))
  await vi.waitFor(() => {
    vi.advanceTimersByTime(5_000)
    expect(outcome).toBeInstanceOf(LeaseLost)
  }, patient)
})

test.each([
  ['a wrong commit', '22P02'],
  ['a row that is locked for long', '55P03'],
])('%s does not keep the rest of its group', async (_what, code) => {
  const { committer, committed } = committerOf((keys) => (keys.includes('b') ? errorOf(code) : undefined))
  const [a, b, c] = ['a', 'b', 'c'].map((key) => committer.commit(commitOf(key)))
  void b!.catch(() => {})
  expect(await Promise.all([a, c])).toEqual(['committed', 'committed'])
  expect(committed).toEqual(['a', 'c'])
})

test('a wrong commit rejects with its error, and a locked row is tried again', async () => {
  const failures = [errorOf('22P02'), errorOf('40P01')]
  const { committer, groups } = committerOf(() => failures.shift())
  await expect(committer.commit(commitOf('a'))).rejects.toBeInstanceOf(DatabaseError)
  const second = committer.commit(commitOf('b'))
  await vi.waitFor(() => {
    vi.advanceTimersByTime(100)
    expect(groups).toHaveLength(3)
  }, patient)
  expect(await second).toBe('committed')
})

test('a task between groups never overlaps one', async () => {
  const running = new Set<string>()
  const committer = new GroupCommitter({
    async commitGroup(group) {
      running.add('group')
      await new Promise((resolve) => setImmediate(resolve))
      running.delete('group')
      return new Map(group.map((commit): [Commit, CommitOutcome] => [commit, 'committed']))
    },
    onCommitted: () => {},
  })
  const tasks = Array.from({ length: 5 }, () =>
    committer.between(async () => {
      expect(running).toEqual(new Set())
      running.add('task')
      await new Promise((resolve) => setImmediate(resolve))
      expect(running).toEqual(new Set(['task']))
      running.delete('task')
    }),
  )
  const commits = Array.from({ length: 5 }, (_, index) => committer.commit(commitOf(`${index}`)))
  await Promise.all([...tasks, ...commits])
  await expect(committer.between(() => Promise.reject(new Error('of the task')))).rejects.toThrow('of the task')
  expect(await committer.commit(commitOf('after'))).toBe('committed')
})
