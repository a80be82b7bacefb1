import type { GuestDelivery } from '../../sandbox/sandbox.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'

/** Maximum number of answers that are sent ahead. */
const maxAnswers = 15
/** Maximum length of these answers together, in UTF-16 units. */
const maxLength = 256 * 1024
/** CPU time in milliseconds that an execution must have left. Each turn of a message gets the time that is left before it. */
const minCpuMs = 1_000

/**
 * Returns the answers that can be sent to the guest together with the first one, which is due at the given time. Their turns
 * follow whatever the guest does in those before, unless it ends: a timer that it sets is due later.
 */
export function answersAhead(
  { state, journal }: { readonly state: ExecutionState; readonly journal: JournalLog },
  at: number,
): GuestDelivery[] {
  if (journal.header.limits.cpuTimeoutMs - state.cpuMs < minCpuMs) return []
  const answers: GuestDelivery[] = []
  let length = 0
  for (let position = 1; position <= maxAnswers; position++) {
    const next = state.answerAt(position)
    if (next === undefined || (state.timerAt !== null && state.timerAt <= next.arrivedAt)) break
    const answer = journal.guestDelivery({ kind: 'answer', call: next.call }, at)
    length += answer.kind === 'answer' ? answer.text.length : 0
    if (length > maxLength) break
    answers.push(answer)
  }
  return answers
}
