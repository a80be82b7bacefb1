import type { JournalEntry } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { ExecutionState } from '../state/execution-state.ts'
import { answer, callsOf, claim, createdAt, effectsOf, headerOf, turn } from '../state/journal.test-support.ts'
import { JournalLog } from '../state/journal-log.ts'
import { neverSettles } from './failures.ts'
import { JournalWriter } from './journal-writer.ts'

const made = turn([1, 2], { kind: 'start' }, { calls: callsOf(1, 2, 3) })

/** Creates a writer on a store whose commits the test settles, one after the other. */
function startWriter(journalBytes = 1_000_000) {
  const header = headerOf()
  const journal = new JournalLog({ ...header, limits: { ...header.limits, journalBytes } })
  const state = new ExecutionState(journal.header)
  const commits: { readonly types: string[]; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    []
  const refusals: unknown[] = []
  const seen: string[] = []
  const writer = new JournalWriter({
    journal,
    state,
    append(entries: readonly JournalEntry[]) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      commits.push({ types: entries.map(({ type }) => type), resolve, reject })
      return promise
    },
    onChanges: ({ isStart, sent, settled }) =>
      seen.push(isStart ? 'start' : `${sent.length} sent, ${settled.length} settled`),
    onRefused: (error) => refusals.push(error),
  })
  return { writer, journal, state, commits, refusals, seen }
}

test('an entry has no effect before it is committed', async () => {
  const { writer, journal, state, commits, seen } = startWriter()
  writer.write(claim(1))
  expect({ entries: journal.entries, status: state.status, seen }).toEqual({ entries: [], status: 'queued', seen: [] })
  commits[0]!.resolve()
  await writer.committing
  expect({ entries: journal.entries, status: state.status, seen }).toEqual({
    entries: [claim(1)],
    status: 'running',
    seen: ['start'],
  })
})

test('entries that are written during a commit are committed together, in their order', async () => {
  const { writer, commits, seen } = startWriter()
  writer.write(claim(1))
  writer.write(made)
  writer.write(answer(3, 1))
  expect(commits.map(({ types }) => types)).toEqual([['claim']])
  commits[0]!.resolve()
  await expect.poll(() => commits.length).toBe(2)
  expect(commits[1]!.types).toEqual(['turn', 'answer'])
  expect(seen).toEqual(['start'])
  commits[1]!.resolve()
  await writer.committing
  expect(seen).toEqual(['start', '3 sent, 0 settled', '0 sent, 1 settled'])
})

test('a held entry is committed with the next one, when it is flushed, or after its time', async () => {
  const together = startWriter()
  together.writer.write(claim(1), { heldMs: 1_000_000 })
  expect(together.commits).toEqual([])
  together.writer.write(made)
  await expect.poll(() => together.commits.map(({ types }) => types)).toEqual([['claim', 'turn']])

  const flushed = startWriter()
  flushed.writer.write(claim(1), { heldMs: 1_000_000 })
  const committing = flushed.writer.flush()
  await expect.poll(() => flushed.commits.map(({ types }) => types)).toEqual([['claim']])
  flushed.writer.write(made)
  flushed.commits[0]!.resolve()
  await expect.poll(() => flushed.commits.map(({ types }) => types)).toEqual([['claim'], ['turn']])
  flushed.commits[1]!.resolve()
  await committing
  expect(flushed.seen).toEqual(['start', '3 sent, 0 settled'])
  expect(flushed.writer.flush()).toBeUndefined()

  const late = startWriter()
  late.writer.write(claim(1), { heldMs: 1 })
  await expect.poll(() => late.commits.map(({ types }) => types)).toEqual([['claim']])
})

test('a refused commit has no effect, and neither have the entries that wait for it', async () => {
  const { writer, journal, commits, refusals } = startWriter()
  writer.write(claim(1))
  writer.write(made)
  const lost = new Error('another node has claimed the execution')
  commits[0]!.reject(lost)
  await writer.committing
  expect(refusals).toEqual([lost])
  expect(journal.entries).toEqual([])
  expect(commits).toHaveLength(1)
})

describe('the limit of the journal', () => {
  const large = { ...answer(3, 1), text: 'x'.repeat(600) }

  test('is not exceeded by an entry, nor by entries that wait for a commit', async () => {
    const { writer, commits, journal } = startWriter(1_500)
    expect(writer.write({ ...large, text: 'x'.repeat(1_500) })).toBe(false)
    expect(commits).toEqual([])
    writer.write(claim(1))
    writer.write({ ...made, effects: effectsOf({ calls: callsOf(1, 2) }) })
    expect(writer.write(large)).toBe(true)
    expect(writer.write({ ...large, call: 2 })).toBe(false)
    commits[0]!.resolve()
    await expect.poll(() => commits.length).toBe(2)
    commits[1]!.resolve()
    await writer.committing
    expect(journal.sizeBytes).toBeLessThanOrEqual(1_500)
    expect(journal.entries.map(({ type }) => type)).toEqual(['claim', 'turn', 'answer'])
  })

  test('leaves room for an end', async () => {
    const { writer, commits, state } = startWriter(10)
    writer.write({ type: 'end', at: createdAt, error: neverSettles() })
    commits[0]!.resolve()
    await writer.committing
    expect(state.status).toBe('failed')
  })
})
