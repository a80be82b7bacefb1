import type { ExecutionStatus, JournalEntry } from '@codemode/shared'

import type { EntryOf } from './changes.ts'

/** Numbers of what an execution waits for. */
interface Waiting {
  /** Number of answers that the guest has not received. */
  readonly answers: number
  readonly openCalls: number
}

/** Returns the status after entries of an execution that does not end by them, given its state before. */
export function statusAfter(
  entries: readonly JournalEntry[],
  { answers, openCalls, waits }: Waiting & { readonly waits: boolean },
): ExecutionStatus {
  for (const entry of entries) {
    if (answersCall(entry)) {
      answers += 1
      openCalls -= 1
      waits = false
    } else if (entry.type === 'turn') {
      if (entry.delivery.kind === 'answer') answers -= 1
      openCalls += entry.effects.calls.length
      waits = waitsAfter(entry, { answers, openCalls })
    }
  }
  return waits ? 'waiting' : 'running'
}

/** Returns whether a session has the state after a step: a turn has ended, and the host has stopped none. */
export function isStateKept(step: { readonly turns: number; readonly isStoppedInTurn: boolean }): boolean {
  return step.turns > 0 && !step.isStoppedInTurn
}

/** Returns whether the guest waits after a turn. */
export function waitsAfter(
  { endedAt, effects: { nextTimerAt } }: EntryOf<'turn'>,
  { answers, openCalls }: Waiting,
): boolean {
  if (answers > 0) return false
  return nextTimerAt === null ? openCalls > 0 : nextTimerAt > endedAt
}

/** Returns whether an entry settles a call, whose answer the guest then gets. */
function answersCall(entry: JournalEntry): boolean {
  return entry.type === 'answer' || (entry.type === 'decision' && entry.answer !== undefined)
}
