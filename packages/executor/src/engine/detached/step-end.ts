import type { JournalEntry } from '@codemode/shared'

import type { StepEnd } from '../../store/session-store.ts'
import type { Realm } from '../session/realm.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { sizesOf, type JournalLog } from '../state/journal-log.ts'

interface EndingStep {
  readonly journal: JournalLog
  /** State before the entries. */
  readonly state: Pick<ExecutionState, 'turns' | 'cpuMs'>
  readonly realm: Pick<Realm, 'variables'>
}

/** Returns the state of a session after a step that ends with the given entries. */
export function stepEndOf(entries: readonly JournalEntry[], { journal, state, realm }: EndingStep): StepEnd {
  const hasRun = state.turns > 0 || entries.some(({ type }) => type === 'turn')
  const last = entries.at(-1)!
  const stateKept = hasRun && !(last.type === 'end' && last.withinTurn === true)
  let { sizeBytes } = journal
  let { cpuMs } = state
  for (const entry of entries) {
    sizeBytes += sizesOf(entry).sizeBytes
    if (entry.type === 'turn' || entry.type === 'end') cpuMs += entry.cpuMs ?? 0
  }
  return { stateKept, journalBytes: sizeBytes, cpuMs, variables: stateKept ? realm.variables : undefined }
}
