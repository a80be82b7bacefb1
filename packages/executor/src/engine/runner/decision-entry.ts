import type { ToolAnswer } from '@codemode/shared'

import type { DecisionMade } from '../../store/stored-approval.ts'
import type { CallState } from '../state/call-table.ts'
import type { EntryOf } from '../state/changes.ts'
import { answerText, type AnswerText } from './answer-text.ts'
import { endedByRejection } from './failures.ts'
import { rejectedAnswer } from './held-answers.ts'

/** Returns the journal entry of a decision about a paused call. */
export function decisionEntry(
  { number, tool }: CallState,
  { decision, by, keyId }: DecisionMade,
  { at, toolOutputBytes }: { readonly at: number; readonly toolOutputBytes: number },
): EntryOf<'decision'> {
  const { note } = decision
  const made = { type: 'decision', at, call: number, by, keyId, ...(note !== undefined && { note }) } as const
  const textOf = (answer: ToolAnswer): AnswerText => answerText(answer, tool, toolOutputBytes)
  switch (decision.decision) {
    case 'approve': {
      const { input } = decision
      return { ...made, decision: 'approve', ...(input !== undefined && { input: JSON.stringify(input) }) }
    }
    case 'respond':
      return { ...made, decision: 'respond', answer: textOf({ ok: true, output: decision.output }) }
    case 'reject': {
      const { reason, end } = decision
      const effect = end ? { end: endedByRejection(tool, reason) } : { answer: textOf(rejectedAnswer(tool, reason)) }
      return { ...made, decision: 'reject', reason, ...effect }
    }
  }
}
