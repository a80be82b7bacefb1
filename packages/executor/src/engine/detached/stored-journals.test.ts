import { RequestError, type JournalEntry } from '@codemode/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Appended } from '../../store/execution-store.ts'
import { MemoryStore } from '../../store/memory-store.test-support.ts'
import { answer, claim, executionId, headerOf } from '../state/journal.test-support.ts'
import { StoredJournals } from './stored-journals.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const ids = { tenant: 'acme', id: executionId }

/** Returns journals over a store that has one execution, to whose journal entries can be appended. */
function journalsOf() {
  const store = new MemoryStore()
  const stored: JournalEntry[] = [claim(0)]
  const listeners = new Set<(appended?: Appended) => void>()
  const read = vi
    .spyOn(store, 'read')
    .mockImplementation(async (tenant, _id, after) =>
      tenant === 'acme' ? { header: headerOf(), entries: stored.slice(after) } : undefined,
    )
  vi.spyOn(store, 'onAppend').mockImplementation((_tenant, _id, listener) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  })
  const append = (entry: JournalEntry, { isNotified = true } = {}) => {
    stored.push(entry)
    if (isNotified) for (const listener of listeners) listener()
  }
  /** Appends an entry as this node does, which tells its readers of it. */
  const appendHere = (entry: JournalEntry) => {
    const position = stored.push(entry) - 1
    for (const listener of listeners) listener({ position, entries: [entry] })
  }
  return { journals: new StoredJournals(store), read, append, appendHere, listeners }
}

test('a hundred readers of an execution cost as many reads as one', async () => {
  const { journals, read, append } = journalsOf()
  const readers = await Promise.all(Array.from({ length: 100 }, () => journals.open(ids)))
  expect(read.mock.calls.length).toBeLessThanOrEqual(2)
  const readsBefore = read.mock.calls.length
  const grown = readers.map(({ journal }) => journal.grown())
  append(answer(1, 1))
  await Promise.all(grown)
  for (const { journal } of readers) expect(journal.entries).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(read.mock.calls.length).toBeLessThanOrEqual(readsBefore + 2)
})

test('entries that this node appends during a read are not read again', async () => {
  const { journals, read, appendHere } = journalsOf()
  const opening = journals.open(ids)
  appendHere(answer(1, 1))
  using opened = await opening
  appendHere(answer(2, 2))
  expect(opened.journal.entries).toEqual([claim(0), answer(1, 1), answer(2, 2)])
  expect(read.mock.calls).toHaveLength(1)
})

test('a reader that comes later has all entries, also those of which the store has not told', async () => {
  const { journals, append } = journalsOf()
  using first = await journals.open(ids)
  append(answer(1, 1), { isNotified: false })
  using second = await journals.open(ids)
  expect(second.journal.entries).toHaveLength(2)
  expect(first.journal.entries).toHaveLength(2)
})

test('a journal is followed until its last reader has closed it', async () => {
  const { journals, read, listeners } = journalsOf()
  const [first, second] = [await journals.open(ids), await journals.open(ids)]
  first[Symbol.dispose]()
  expect(listeners.size).toBe(1)
  second[Symbol.dispose]()
  expect(listeners.size).toBe(0)
  const readsBefore = read.mock.calls.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(read.mock.calls.length).toBe(readsBefore)
})

test('a journal that does not exist or cannot be read is not followed', async () => {
  const { journals, read, listeners } = journalsOf()
  await expect(journals.open({ ...ids, tenant: 'other' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  read.mockRejectedValueOnce(new RequestError('STORE_UNAVAILABLE', ''))
  await expect(journals.open(ids)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(listeners.size).toBe(0)
  expect((await journals.open(ids)).journal.header).toEqual(headerOf())
})
