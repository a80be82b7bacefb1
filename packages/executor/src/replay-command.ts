import { readFileSync } from 'node:fs'

import { journalSchema, type Journal } from '@codemode/shared'

import { guestSpecOf, replay } from './engine/replay.ts'
import { ProcessPool } from './sandbox/process-pool.ts'

/**
 * `codemode-executor replay FILE`: runs an exported journal again, offline, and says whether the guest did the same. Calls
 * no tool. Returns what to print and whether the replay agreed with the journal.
 */
export async function replayCommand(path: string): Promise<{ readonly ok: boolean; readonly text: string }> {
  const journal = readJournal(path)
  await using pool = await ProcessPool.start({ size: 1, onCrash: () => {} })
  const outcome = await replay(pool.open(guestSpecOf(journal)), journal)
  const { executionId } = journal.header
  switch (outcome.type) {
    case 'replayed':
      return {
        ok: true,
        text: `${executionId}: replayed ${outcome.turns} turns, all as the journal says\n${endOf(journal)}`,
      }
    case 'diverged':
      return {
        ok: false,
        text: [
          `${executionId}: REPLAY_DIVERGED in turn ${outcome.turn}`,
          `the journal says: ${JSON.stringify(outcome.expected, null, 2)}`,
          `the guest did:    ${JSON.stringify(outcome.actual, null, 2)}`,
          versionsDiffer(journal, pool.versions),
        ].join('\n'),
      }
    default:
      return { ok: false, text: `${executionId}: the sandbox process died during the replay` }
  }
}

function readJournal(path: string): Journal {
  const parsed = journalSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`${path} is not a journal: ${issue?.path.join('.')}: ${issue?.message}`)
}

function endOf({ entries }: Journal): string {
  const last = entries.at(-1)
  if (last?.type === 'end') return `ended by the host: ${last.error.code}: ${last.error.message}`
  const end = last?.type === 'turn' ? last.effects.end : undefined
  if (end === undefined) return 'the journal stops before the execution ended'
  return end.ok ? `result: ${end.result}` : `failed: ${end.code}: ${end.message}`
}

function versionsDiffer({ header }: Journal, now: ProcessPool['versions']): string {
  const { guestRuntime, v8, icu, arch } = header.runtime
  const same = guestRuntime === now.guestRuntime && v8 === now.v8 && icu === now.icu && arch === now.arch
  return same ? 'The versions are those of the journal.' : 'The journal was written by other versions of the runtime.'
}
