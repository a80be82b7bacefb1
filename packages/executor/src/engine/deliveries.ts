import type { Delivery, JournalEntry } from '@codemode/shared'

import type { GuestDelivery } from '../sandbox/sandbox.ts'

/** Journal entry of an answer's arrival, with the text of the answer. */
export type AnswerEntry = Extract<JournalEntry, { type: 'answer' }>

/**
 * Returns a delivery as the guest receives it. The text of an answer is taken from the journal entry of its arrival.
 */
export function withContent(delivery: Delivery, at: number, answers: ReadonlyMap<number, AnswerEntry>): GuestDelivery {
  if (delivery.kind !== 'answer') return { kind: delivery.kind, at }
  const answer = answers.get(delivery.call)
  if (answer === undefined) throw new Error(`the journal delivers an answer to call ${delivery.call} that it lacks`)
  return { kind: 'answer', at, call: delivery.call, ok: answer.ok, text: answer.text }
}
