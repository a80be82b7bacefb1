import type { Delivery, JournalEntry } from '@codemode/shared'

import type { GuestDelivery } from '../sandbox/sandbox.ts'

/** A journal's entry of an answer's arrival; it holds the answer's text. */
export type AnswerEntry = Extract<JournalEntry, { type: 'answer' }>

/** A delivery as the guest gets it, with the content that the journal keeps in the entry of the answer's arrival. */
export function withContent(delivery: Delivery, at: number, answers: ReadonlyMap<number, AnswerEntry>): GuestDelivery {
  if (delivery.kind !== 'answer') return { kind: delivery.kind, at }
  const answer = answers.get(delivery.call)
  if (answer === undefined) throw new Error(`the journal delivers an answer to call ${delivery.call} that it lacks`)
  return { kind: 'answer', at, call: delivery.call, ok: answer.ok, text: answer.text }
}
