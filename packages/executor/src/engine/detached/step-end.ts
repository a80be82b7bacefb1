import type { JournalEntry } from '@codemode/shared'

import type { StepEnd } from '../../store/session-store.ts'
import type { Realm } from '../session/realm.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { sizesOf, type JournalLog } from '../state/journal-log.ts'
import { isStateKept } from '../state/status-after.ts'

interface EndingStep {
  readonly journal: Pick<JournalLog, 'sizeBytes'>
  /** State before the entries. */
  readonly state: Pick<ExecutionState, 'turns' | 'cpuMs'>
  readonly realm: Pick<Realm, 'reportedVariables'>
}

/** Returns the state of a session after a step that ends with the given entries, which are not applied yet. */
export function stepEndOf(entries: readonly JournalEntry[], { journal, state, realm }: EndingStep): StepEnd {
  let { sizeBytes } = journal
  let { turns, cpuMs } = state
  let isStoppedInTurn = false
  for (const entry of entries) {
    sizeBytes += sizesOf(entry).sizeBytes
    if (entry.type === 'turn') turns += 1
    if (entry.type === 'turn' || entry.type === 'end') cpuMs += entry.cpuMs ?? 0
    if (entry.type === 'end') isStoppedInTurn = entry.withinTurn === true
  }
  const stateKept = isStateKept({ turns, isStoppedInTurn })
  return { stateKept, journalBytes: sizeBytes, cpuMs, variables: stateKept ? realm.reportedVariables : undefined }
}
