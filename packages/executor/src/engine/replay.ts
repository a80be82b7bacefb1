import { isDeepStrictEqual } from 'node:util'

import type { Journal, JournalEntry, TurnEffects } from '@codemode/shared'

import type { Guest, GuestSpec, TurnOutcome } from '../sandbox/sandbox.ts'
import { withContent } from './deliveries.ts'

/** How a replay ended; in the first case the guest stands where the journal ends. */
export type ReplayOutcome =
  | { readonly type: 'replayed'; readonly turns: number }
  | { readonly type: 'diverged'; readonly turn: number; readonly expected: TurnEffects; readonly actual: TurnEffects }
  /** The sandbox failed, and perhaps the guest is why: try again elsewhere. */
  | Extract<TurnOutcome, { type: 'lost' | 'killed' | 'crashed' }>
  /** A turn that once ended did not end this time: the machine has too little time or memory for it. */
  | { readonly type: 'stopped'; readonly turn: number }

/** A replayed turn ended once, and its time is not counted against the execution: it may take longer than it was allowed then. */
const replayStretch = 4

/** What a guest is made from, of a journal's header. */
export function guestSpecOf({ header }: Pick<Journal, 'header'>): GuestSpec {
  const { code, input, context, config, limits, seed, tools } = header
  return { code, input, context, config, limits, seed, tools: tools.map((tool) => tool.name) }
}

/**
 * Delivers to a fresh guest what the journal says was delivered, turn by turn, and compares what it puts out: calls,
 * logs, timers and its end. No tool is called. Stops before a host-decided ending.
 */
export async function replay(
  guest: Guest,
  { header, entries }: Pick<Journal, 'header'> & { readonly entries: readonly JournalEntry[] },
): Promise<ReplayOutcome> {
  const answers = new Map(entries.flatMap((entry) => (entry.type === 'answer' ? [[entry.call, entry]] : [])))
  const timeoutMs = header.limits.cpuTimeoutMs * replayStretch
  let turns = 0
  for (const entry of entries) {
    if (entry.type !== 'turn') continue
    turns += 1
    const delivery = withContent(entry.delivery, entry.at, answers)
    const outcome = await guest.turn(delivery, { timeoutMs, patienceMs: timeoutMs })
    if (outcome.type === 'stopped') return { type: 'stopped', turn: turns }
    if (outcome.type !== 'turn') return outcome
    if (!isDeepStrictEqual(outcome.effects, entry.effects)) {
      return { type: 'diverged', turn: turns, expected: entry.effects, actual: outcome.effects }
    }
  }
  return { type: 'replayed', turns }
}
