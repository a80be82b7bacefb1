/** Input of a guest, as its execution's journal has it: the specification to make it from, and its deliveries. */
import type { Delivery, Journal, JournalEntry, JournalHeader } from '@codemode/shared'

import type { ExecutionSpec, GuestDelivery, GuestStep, SessionSpec } from '../../sandbox/sandbox.ts'

/** Factor from the memory limit of a session to that of its rebuilt guest. */
const rebuiltMemoryFactor = 1.5

/** Returns the part of a journal's header that a guest is made from; for a step, that of its session. */
export function guestSpecOf({ header }: Pick<Journal, 'header'>): ExecutionSpec | SessionSpec {
  if (header.session !== undefined) return sessionSpecOf(header)
  const { code, input, context, config, limits, seed, tools } = header
  return { code, input, context, config, limits, seed, tools: tools.map((tool) => tool.name) }
}

/**
 * Returns the specification of a guest that is rebuilt. That of a session gets more memory than the first one, and keeps it:
 * V8 fixes the limit when it makes an isolate. The steps had enough once, but peaks depend on when V8 collects garbage,
 * and the garbage of all steps arises within a short time now.
 */
export function rebuiltSpec(spec: ExecutionSpec | SessionSpec): ExecutionSpec | SessionSpec {
  if (!('kind' in spec)) return spec
  const memoryLimitMb = Math.ceil(spec.limits.memoryLimitMb * rebuiltMemoryFactor)
  return { ...spec, limits: { ...spec.limits, memoryLimitMb } }
}

function sessionSpecOf({ context, config, limits }: JournalHeader): SessionSpec {
  return { kind: 'session', context, config, limits }
}

function guestStepOf({ code, input, limits, seed, tools, session }: JournalHeader): GuestStep {
  return { number: session!.step, code, input, limits, seed, tools: tools.map((tool) => tool.name) }
}

/** Answer to a call, as the guest receives it. */
export interface GuestAnswer {
  readonly ok: boolean
  readonly text: string
}

/** Returns the number of the call that a journal entry answers, with the answer; undefined if it answers none. */
export function answerIn(entry: JournalEntry): readonly [number, GuestAnswer] | undefined {
  if (entry.type === 'answer') return [entry.call, entry]
  return entry.type === 'decision' && entry.answer !== undefined ? [entry.call, entry.answer] : undefined
}

/**
 * Returns a delivery as the guest receives it. The text of an answer is taken from the journal entry of its arrival.
 */
export function guestDeliveryOf(
  header: JournalHeader,
  delivery: Delivery,
  { at, answers }: { readonly at: number; readonly answers: ReadonlyMap<number, GuestAnswer> },
): GuestDelivery {
  if (delivery.kind === 'start' && header.session !== undefined) return { kind: 'step', at, step: guestStepOf(header) }
  if (delivery.kind !== 'answer') return { kind: delivery.kind, at }
  const answer = answers.get(delivery.call)
  if (answer === undefined) {
    throw new Error(`The journal delivers an answer to call ${delivery.call} but has no entry with that answer`)
  }
  return { kind: 'answer', at, call: delivery.call, ok: answer.ok, text: answer.text }
}
