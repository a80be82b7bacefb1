import type { UnfinishedExecutions, UnfinishedJournal } from '../store/postgres/administration.ts'
import { ProcessPool } from '../sandbox/process-pool.ts'
import { StoredRuntimes } from '../sandbox/stored-runtimes.ts'
import { replayJournal, type ReplayReport } from './replay-command.ts'

/** Report on whether this version could continue the executions of a store. */
interface WaitingCheck {
  /** Whether all of them would continue. */
  readonly ok: boolean
  /** Number of executions and of those that would not continue, as text. */
  readonly summary: string
}

/**
 * Replays the journals of all executions that have not ended, a step of a session after the earlier steps, each with the guest runtime that wrote it: that of this
 * version, or another one from the store. A string instead of a journal is the reason for which it cannot be read, and counts as
 * an execution that needs attention. Calls no tool and changes nothing. Implements the command `check-waiting`.
 */
export async function checkWaiting(
  { journals, findRuntime }: Pick<UnfinishedExecutions, 'journals' | 'findRuntime'>,
  onReport: (text: string) => void,
): Promise<WaitingCheck> {
  const runtimes = new StoredRuntimes(findRuntime)
  const textOf = async (hash: string): Promise<string | undefined> => (await runtimes.find(hash))?.text
  await using pool = await ProcessPool.start({ size: 1, readRuntime: textOf })
  let count = 0
  let failed = 0
  const check = async (journal: UnfinishedJournal | string): Promise<ReplayReport> => {
    if (typeof journal === 'string') return { ok: false, text: journal }
    const { executionId, runtime } = journal.header
    const hash = runtime.guestRuntime
    const isAvailable = hash === pool.versions.guestRuntime || (await textOf(hash)) !== undefined
    return isAvailable ? replayJournal(pool, journal, hash) : missing(executionId, hash)
  }
  for await (const journal of journals()) {
    const { ok, text } = await check(journal)
    count += 1
    if (!ok) failed += 1
    onReport(text)
  }
  return {
    ok: failed === 0,
    summary: `Of ${count} unfinished executions, ${count - failed} would continue and ${failed} would need attention.`,
  }
}

function missing(executionId: string, hash: string): ReplayReport {
  const problem = 'is neither that of this version nor in the store'
  return { ok: false, text: `${executionId}: the guest runtime ${hash} that wrote the journal ${problem}` }
}
