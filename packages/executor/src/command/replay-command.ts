import { readFileSync } from 'node:fs'

import { journalSchema, journalVersion, type Journal } from '@codemode/shared'
import type { z } from 'zod'

import { replayInNewGuest } from '../engine/runner/replay-in-new-guest.ts'
import type { ReplayOutcome } from '../engine/runner/replay.ts'
import { versionDifferences } from '../engine/runner/version-differences.ts'
import { guestEndOf, hostErrorOf } from '../engine/state/outcome.ts'
import { ProcessPool } from '../sandbox/process-pool.ts'

/** Report on one replay: the text to print, and whether the replay agreed with its journal. */
export interface ReplayReport {
  readonly ok: boolean
  readonly text: string
}

/**
 * Replays journals offline, one after another, and reports for each whether the guest of this version behaves as recorded.
 * Calls no tool. A string instead of a journal is the reason for which it cannot be read. Implements the command `replay`.
 */
export async function* replayJournals(journals: AsyncIterable<Journal | string>): AsyncGenerator<ReplayReport> {
  await using pool = await ProcessPool.start({ size: 1 })
  for await (const journal of journals) {
    yield typeof journal === 'string' ? { ok: false, text: journal } : await replayJournal(pool, journal)
  }
}

/** Yields the journals in files. */
export async function* journalsInFiles(paths: readonly string[]): AsyncGenerator<Journal | string> {
  for (const path of paths) yield readJournal(path)
}

/** Runtime and earlier journals with which a journal is replayed. */
interface ReplayOptions {
  /** Hash of the guest runtime; that of this version by default. */
  readonly runtime?: string
  /** Journals of the steps from whose state the journal of a session's step goes on. */
  readonly earlier?: readonly Journal[]
}

/** Replays a journal in a guest. */
export async function replayJournal(
  pool: ProcessPool,
  journal: Journal,
  { runtime, earlier = [] }: ReplayOptions = {},
): Promise<ReplayReport> {
  // The journals may be of several tenants: each has an isolate of its own.
  const placement = { tenant: 'replay', isolation: 'tenant', ...(runtime !== undefined && { runtime }) } as const
  const outcome = await replayInNewGuest(pool, [...earlier, journal], { placement })
  const { executionId } = journal.header
  switch (outcome.type) {
    case 'replayed':
      return {
        ok: true,
        text: `${executionId}: replayed ${outcome.turns} turns as recorded in the journal; ${endOf(journal)}`,
      }
    case 'diverged':
      return { ok: false, text: describeDivergence(journal, outcome, pool.versions) }
    case 'stopped':
      return {
        ok: false,
        text: `${executionId}: turn ${outcome.turn} was stopped in the replay, because it exceeded its time or memory. Run the replay on an idle machine.`,
      }
    case 'unrunnable':
      return {
        ok: false,
        text: `${executionId}: the guest runtime ${runtime} that wrote the journal does not start here`,
      }
    default:
      return { ok: false, text: `${executionId}: the sandbox process died during the replay` }
  }
}

function describeDivergence(
  journal: Journal,
  { turn, expected, actual }: Extract<ReplayOutcome, { type: 'diverged' }>,
  versions: ProcessPool['versions'],
): string {
  return [
    `${journal.header.executionId}: REPLAY_DIVERGED in turn ${turn}`,
    `in the journal: ${JSON.stringify(expected, null, 2)}`,
    `in the replay:  ${JSON.stringify(actual, null, 2)}`,
    compareVersions(journal, versions),
  ].join('\n')
}

/** Returns the journal in a file, or a message that describes why it is not valid. */
function readJournal(path: string): Journal | string {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    return `${path}: can't be read as JSON: ${(error as Error).message}`
  }
  const parsed = journalSchema.safeParse(content)
  if (parsed.success) return parsed.data
  return `${path}: ${problemOf(content, parsed.error)}`
}

/** Returns why a value is not a journal of this version. */
function problemOf(content: unknown, { issues }: z.ZodError): string {
  const version: unknown = (content as { header?: { version?: unknown } } | null)?.header?.version
  if (typeof version === 'number' && version !== journalVersion) {
    return `the journal has version ${version}, but this executor reads version ${journalVersion}`
  }
  const field = issues[0]!.path.join('.')
  const where = field === '' ? '' : `: its field ${field} is missing or not valid`
  return `is not a journal from GET /v1/executions/:id/journal${where}`
}

function endOf({ entries }: Journal): string {
  const last = entries.at(-1)
  const error = last && hostErrorOf(last)
  if (error !== undefined) return `ended by the host: ${error.code}: ${error.message}`
  const end = last && guestEndOf(last)
  if (end === undefined) return 'the journal has no end of the execution'
  return end.ok ? `result: ${end.result}` : `failed: ${end.code}: ${end.message}`
}

function compareVersions({ header }: Journal, now: ProcessPool['versions']): string {
  const differences = versionDifferences(header.runtime, now)
  return differences === undefined
    ? 'The versions are the same as in the journal.'
    : `The journal was written by other versions. This one has ${differences}.`
}
