import type { Codemode } from '@codemode/client'
import type { JournalEntry } from '@codemode/shared'

import { databaseOf } from '../../support/store-command.ts'
import type { ConsoleExecutor } from '../support/console-executor.ts'
import { copyOf, insertRecorded, readRecorded, shiftedBy } from './recorded.ts'

/** Rounds that are repeated: all but the first one and the last one. */
const repeatedRounds = 10
const callsOfRound = 2

const code = `
let more = true
for (let round = 0; more; round++) {
  const [page] = await Promise.all([tools.pages.next({}), tools.stock.count({ item: 'lamp' })])
  more = page.more
  if (round % ${repeatedRounds} === 0) console.log('ten more pages')
  await sleep(1)
}
return 'all pages are read'
`.trim()

/**
 * Makes an execution whose journal has about `count` entries. Runs one with a dozen pages, and stores it as if the tool had had more
 * pages: with most of the entries repeated, with the numbers and times of later calls. It replays as a real one does. Returns the id.
 */
export async function makeLargeJournal(client: Codemode, executor: ConsoleExecutor, count: number): Promise<string> {
  let pages = 0
  const next = () => ({ more: ++pages < repeatedRounds + 2 })
  const { executionId } = await client.withTools({ 'pages.next': next }).run(code, {
    label: 'all pages',
    maxToolCalls: 10_000,
    cpuTimeoutMs: 30_000,
    executionTimeoutMs: 300_000,
  })
  const database = databaseOf({ url: executor.databaseUrl })
  const { row, entries } = await readRecorded(database, executionId)
  const { entries: repeated, addedMs } = withRepeatedRounds(entries, count)
  const finishedAt = new Date(Date.parse(String(row['finished_at'])) + addedMs).toISOString()
  const long = { row: { ...row, finished_at: finishedAt }, entries: repeated }
  const copy = copyOf(long, Date.parse(String(row['created_at'])) - addedMs)
  await insertRecorded(database, [copy])
  return String(copy.row['id'])
}

/** Returns about `count` entries, and the milliseconds by which the execution takes longer. */
function withRepeatedRounds(entries: readonly JournalEntry[], count: number) {
  const starts = entries.flatMap((entry, index) => (isStartOfRound(entry) ? [index] : []))
  const [from, to] = [starts[0]!, starts[repeatedRounds]!]
  const rounds = entries.slice(from, to)
  const durationMs = entries[to]!.at - entries[from]!.at
  const times = Math.round((count - entries.length) / rounds.length)
  const later = (entry: JournalEntry, n: number): JournalEntry =>
    withLaterCalls(shiftedBy(entry, n * durationMs), n * repeatedRounds * callsOfRound)
  return {
    addedMs: times * durationMs,
    entries: [
      ...entries.slice(0, from),
      ...Array.from({ length: times + 1 }, (_, n) => rounds.map((entry) => later(entry, n))).flat(),
      ...entries.slice(to).map((entry) => later(entry, times)),
    ],
  }
}

/** Returns true if the timer at the end of a round fired, and the calls of the next one were made. */
function isStartOfRound(entry: JournalEntry): boolean {
  return entry.type === 'turn' && entry.delivery.kind === 'tick' && entry.effects.calls.length > 0
}

function withLaterCalls(entry: JournalEntry, by: number): JournalEntry {
  if (entry.type === 'answer') return { ...entry, call: entry.call + by }
  if (entry.type !== 'turn') return entry
  const { delivery, effects } = entry
  return {
    ...entry,
    delivery: delivery.kind === 'answer' ? { ...delivery, call: delivery.call + by } : delivery,
    effects: { ...effects, calls: effects.calls.map((call) => ({ ...call, call: call.call + by })) },
  }
}
