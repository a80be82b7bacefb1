import { isDeepStrictEqual } from 'node:util'

import type { Journal, JournalEntry, TurnEffects } from '@codemode/shared'

import type { Guest, TurnOutcome } from '../../sandbox/sandbox.ts'
import { hostErrorOf } from '../state/outcome.ts'
import { answerIn, guestDeliveryOf } from './guest-input.ts'

/** Outcome of a replay. After `replayed` the guest is in the state in which the journal ends. */
export type ReplayOutcome =
  | { readonly type: 'replayed'; readonly turns: number }
  | { readonly type: 'diverged'; readonly turn: number; readonly expected: TurnEffects; readonly actual: TurnEffects }
  /** Failure of the sandbox, which the guest may have caused; the replay can be tried again in another process. */
  | Extract<TurnOutcome, { type: 'lost' | 'killed' | 'crashed' | 'unrunnable' }>
  /** A turn that ended in the first run did not end this time: the machine had too little CPU time or memory for it. */
  | { readonly type: 'stopped'; readonly turn: number }

/** Journal that is replayed. */
type ReplayedJournal = Pick<Journal, 'header'> & { readonly entries: readonly JournalEntry[] }

/**
 * Factor from the CPU limit to the time that a replayed turn waits behind the long turn of another guest before it
 * moves to another process.
 */
const maxWaitFactor = 4

/** Replays the journals of a session's steps in order in a fresh guest, or the journal of one execution. */
export async function replayAll(
  guest: Guest,
  journals: readonly ReplayedJournal[],
  wallLeftMs: () => number,
): Promise<ReplayOutcome> {
  let turns = 0
  for (const journal of journals) {
    const outcome = await replay(guest, journal, wallLeftMs)
    if (outcome.type !== 'replayed') return outcome
    turns += outcome.turns
    const { header, entries } = journal
    if (header.session === undefined || outcome.turns === 0) continue
    const ended = await endStep(guest, endedByHostAt(entries.at(-1)), wallLeftMs)
    if (ended.type !== 'replayed') return ended
  }
  return { type: 'replayed', turns }
}

/** Returns the time at which an entry, which may be the last one, ends the execution in place of the guest. */
export function endedByHostAt(entry: JournalEntry | undefined): number | undefined {
  return entry !== undefined && hostErrorOf(entry) !== undefined ? entry.at : undefined
}

/** Ends the step of a session that the host has ended at the given time, in a guest. Does nothing without a time. */
export async function endStep(
  guest: Guest,
  endedAt: number | undefined,
  wallLeftMs: () => number,
): Promise<ReplayOutcome> {
  if (endedAt === undefined) return { type: 'replayed', turns: 0 }
  const outcome = await guest.turn({ kind: 'end-step', at: endedAt }, { ...unlimited, wallMs: wallLeftMs() })
  if (outcome.type === 'stopped') return { type: 'stopped', turn: 0 }
  return outcome.type === 'turn' ? { type: 'replayed', turns: 0 } : outcome
}

/** Limits of a turn that the guest has run before, besides its wall time. */
const unlimited = { cpuMs: Infinity, expectedSlowdown: 1, maxWaitMs: 60_000 }

/**
 * Replays a journal in a fresh guest: makes its deliveries turn by turn and compares the guest's output, which is
 * calls, logs, timers and its end. Calls no tool. Stops before an ending that the host decided.
 *
 * A replayed turn has no CPU limit, because the first run has enforced it already. `wallLeftMs` returns the remaining
 * wall time.
 */
export async function replay(
  guest: Guest,
  { header, entries }: ReplayedJournal,
  wallLeftMs: () => number,
): Promise<ReplayOutcome> {
  const answers = new Map(entries.map(answerIn).filter((answer) => answer !== undefined))
  const maxWaitMs = header.limits.cpuTimeoutMs * maxWaitFactor
  let turns = 0
  for (const entry of entries) {
    if (entry.type !== 'turn') continue
    turns += 1
    const delivery = guestDeliveryOf(header, entry.delivery, { at: entry.at, answers })
    const outcome = await guest.turn(delivery, {
      cpuMs: Infinity,
      expectedSlowdown: 1,
      wallMs: wallLeftMs(),
      maxWaitMs,
    })
    if (outcome.type === 'stopped') return { type: 'stopped', turn: turns }
    if (outcome.type !== 'turn') return outcome
    if (!isDeepStrictEqual(outcome.effects, entry.effects)) {
      return { type: 'diverged', turn: turns, expected: entry.effects, actual: outcome.effects }
    }
  }
  return { type: 'replayed', turns }
}
