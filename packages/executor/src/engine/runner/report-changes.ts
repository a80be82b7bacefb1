import type { JournalEntry } from '@codemode/shared'

import type { EngineObserver, ExecutionEnd, ObservedExecution } from '../engine-observer.ts'
import type { Changes } from '../state/changes.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'
import { usageOf } from '../state/report.ts'
import { waitReasonOf } from '../state/wait-reason.ts'

interface Reported {
  readonly observer: EngineObserver
  readonly observed: ObservedExecution
  readonly journal: JournalLog
  /** State after the entry. */
  readonly state: ExecutionState
}

/** Reports to the observer what a committed entry has changed. */
export function reportChanges(changes: Changes, entry: JournalEntry, reported: Reported): void {
  const { observer, observed, state } = reported
  if (changes.isStart) observer.executionStarted(observed)
  if (changes.isTakeover) observer.executionTakenOver(observed)
  for (const call of changes.settled) observer.toolCallEnded(call, observed)
  if (changes.isEnd) observer.executionEnded(executionEndOf(reported))
  else if (entry.type === 'park') observer.executionParked(observed, waitReasonOf(state), entry.attention?.code)
}

function executionEndOf({ observed, journal, state }: Reported): ExecutionEnd {
  const outcome = state.outcome!
  const { code, input } = state.header
  return {
    execution: observed,
    outcome: outcome.status,
    code: outcome.status === 'completed' ? undefined : outcome.error.code,
    usage: usageOf(state, state.finishedAt!),
    toolCalls: state.calls.all.length,
    warnings: outcome.warnings.length,
    sizes: {
      code: Buffer.byteLength(code),
      input: Buffer.byteLength(input),
      result: outcome.status === 'completed' ? Buffer.byteLength(outcome.result) : 0,
      journal: journal.sizeBytes,
    },
  }
}
