import type { Journal } from '@codemode/shared'

import type { UnfinishedExecutions } from '../store/postgres/administration.ts'
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
 * Replays the journals of all executions that have not ended and of all durable sessions, each with the guest runtime that
 * wrote it: that of this version, or another one from the store. A string instead of journals is the reason for which they
 * cannot be read. Calls no tool and changes nothing. Implements the command `check-waiting`.
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
  let unreadable = 0
  const check = async (journals: readonly Journal[]): Promise<ReplayReport> => {
    const journal = journals.at(-1)!
    const { executionId, runtime } = journal.header
    const hash = runtime.guestRuntime
    const isAvailable = hash === pool.versions.guestRuntime || (await textOf(hash)) !== undefined
    if (!isAvailable) return missing(executionId, hash)
    return replayJournal(pool, journal, { runtime: hash, earlier: journals.slice(0, -1) })
  }
  for await (const each of journals()) {
    count += 1
    if (typeof each === 'string') {
      unreadable += 1
      onReport(each)
      continue
    }
    const { ok, text } = await check(each)
    if (!ok) failed += 1
    onReport(text)
  }
  const continued = count - failed - unreadable
  const rest = unreadable === 0 ? '' : `; ${unreadable} cannot be decrypted, and would wait for their key`
  return {
    ok: continued === count,
    summary: `Of ${count} unfinished executions and durable sessions, ${continued} would continue and ${failed} would need attention${rest}.`,
  }
}

function missing(executionId: string, hash: string): ReplayReport {
  const problem = 'is neither that of this version nor in the store'
  return { ok: false, text: `${executionId}: the guest runtime ${hash} that wrote the journal ${problem}` }
}
