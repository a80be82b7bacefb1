/** Input of a guest, as its execution's journal has it: the specification to make it from, and its deliveries. */
import type { Delivery, Journal, JournalEntry } from '@codemode/shared'

import type { ExecutionSpec, GuestDelivery } from '../../sandbox/sandbox.ts'

/** Returns the part of a journal's header that a guest is made from. */
export function guestSpecOf({ header }: Pick<Journal, 'header'>): ExecutionSpec {
  const { code, input, context, config, limits, seed, tools } = header
  return { code, input, context, config, limits, seed, tools: tools.map((tool) => tool.name) }
}

/** Journal entry of an answer's arrival, with the text of the answer. */
export type AnswerEntry = Extract<JournalEntry, { type: 'answer' }>

/**
 * Returns a delivery as the guest receives it. The text of an answer is taken from the journal entry of its arrival.
 */
export function guestDeliveryOf(
  delivery: Delivery,
  at: number,
  answers: ReadonlyMap<number, AnswerEntry>,
): GuestDelivery {
  if (delivery.kind !== 'answer') return { kind: delivery.kind, at }
  const answer = answers.get(delivery.call)
  if (answer === undefined) {
    throw new Error(`The journal delivers an answer to call ${delivery.call} but has no entry with that answer`)
  }
  return { kind: 'answer', at, call: delivery.call, ok: answer.ok, text: answer.text }
}
