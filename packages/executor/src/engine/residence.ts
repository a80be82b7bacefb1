import { setTimeout as delay } from 'node:timers/promises'

import type { ExecutionFailure, TurnEffects } from '@codemode/shared'

import type { Guest, GuestDelivery, Placement, Sandbox, TurnOutcome } from '../sandbox/sandbox.ts'
import type { JournalLog } from './journal-log.ts'
import { guestSpecOf, replay, type ReplayOutcome } from './replay.ts'

/** A guest that is lost again and again is tried again at growing intervals, for as long as its execution has time. */
const maxBackoffMs = 1_000
const backoffBaseMs = 10

/**
 * How many processes may be killed from outside while the guest is on the CPU. Its code has no way to do that itself, but may
 * use so much memory that the system does it.
 */
const maxKills = 8

/**
 * A turn that ran into its timeout has used up its CPU time if it really got this share of it. Otherwise the machine was
 * too busy to give it that: as a turn that did not end it had no effects, so it is replayed and run again, once, for longer.
 */
const exhaustedShare = 0.75
const starvedStretch = 4

/** What the process does for a guest is not counted to the millisecond. */
const cpuSlackMs = 50

/** A guest waits at least this long behind another's long turn before it would rather be replayed elsewhere. */
const minPatienceMs = 200

/** What a turn came to, once losses have been made good by replay. */
export type ResidentTurn =
  | { readonly type: 'turn'; readonly effects: TurnEffects }
  | (Extract<TurnOutcome, { type: 'stopped' }> & { readonly cpuExhausted: boolean })
  | { readonly type: 'failed'; readonly error: Pick<ExecutionFailure, 'code' | 'message' | 'details'> }
  /** `leave` was called meanwhile. */
  | { readonly type: 'left' }

/**
 * Where an execution's guest lives, if it lives anywhere. A guest that is gone (its process died, or was too busy) is made
 * again from the journal when the next turn is due; whoever asks for the turn does not notice.
 */
export class Residence {
  readonly #sandbox: Sandbox
  readonly #journal: JournalLog
  #placement: Placement
  #guest: Guest | undefined
  #left = false
  #kills = 0
  cpuMs = 0
  turns = 0
  replays = 0

  constructor(sandbox: Sandbox, journal: JournalLog, placement: Placement) {
    this.#sandbox = sandbox
    this.#journal = journal
    this.#placement = placement
  }

  /** Runs the next turn, for at most what is left of the CPU time and of the wall time. */
  async turn(delivery: GuestDelivery, wallLeftMs: () => number): Promise<ResidentTurn> {
    let stretch = 1
    for (let losses = 0; ; losses++) {
      if (losses > 1) await delay(Math.min(maxBackoffMs, backoffBaseMs * 2 ** losses))
      if (this.#left) return { type: 'left' }
      // The first turn is asked for before anything is awaited, so that the sandbox counts it at once.
      const failed = this.#guest ? undefined : this.turns === 0 ? this.#moveIn() : await this.#moveBackIn()
      if (failed === 'lost') continue
      if (failed) return failed
      const cpuLeftMs = this.#journal.header.limits.cpuTimeoutMs - this.cpuMs
      const outcome = await this.#guest!.turn(delivery, {
        timeoutMs: Math.max(1, Math.min(cpuLeftMs * stretch, wallLeftMs())),
        patienceMs: Math.max(minPatienceMs, this.cpuMs * 2) * 2 ** Math.min(losses, 6),
      })
      if (this.#left) return { type: 'left' }
      if (outcome.type === 'turn') return this.#account(outcome)
      this.#guest = undefined
      if (outcome.type === 'stopped') {
        const wasStarved = outcome.reason === 'timeout' && outcome.cpuMs < cpuLeftMs * exhaustedShare && stretch === 1
        if (!wasStarved || wallLeftMs() <= 0) {
          this.cpuMs += outcome.cpuMs
          return { ...outcome, cpuExhausted: wallLeftMs() > 0 }
        }
        stretch = starvedStretch
        continue
      }
      const culprit = this.#judge(outcome)
      if (culprit) return culprit
    }
  }

  /** Frees the guest; a turn that is running is stopped. */
  leave(): void {
    this.#left = true
    this.#guest?.close()
    this.#guest = undefined
  }

  /**
   * Whether the guest is to blame for the death of its process, and for what. With neighbours it is only the suspect, and is
   * replayed in a process of its own: if that one dies as well, there is no doubt.
   */
  #judge(outcome: TurnOutcome | ReplayOutcome): ResidentTurn | undefined {
    if (outcome.type === 'killed') {
      this.#kills += 1
      // The first may have been chance. Alone it can be no neighbour's memory that the system wants back.
      if (this.#kills > 1) this.#placement = { ...this.#placement, isolation: 'execution' }
      return this.#kills > maxKills ? crashed('again and again') : undefined
    }
    if (outcome.type !== 'crashed') return undefined
    if (outcome.outOfMemory && outcome.wasAlone) return diedOfMemory()
    if (outcome.wasAlone) return crashed('of the code, in a process of its own')
    this.#placement = { ...this.#placement, isolation: 'execution' }
    return undefined
  }

  #account(outcome: Extract<TurnOutcome, { type: 'turn' }>): ResidentTurn {
    this.cpuMs += outcome.cpuMs
    this.turns += 1
    this.#kills = 0
    // V8 interrupts by the wall clock, which is stretched on a busy machine: a turn may have ended with too much all the same.
    if (this.cpuMs <= this.#journal.header.limits.cpuTimeoutMs + cpuSlackMs) return outcome
    const { logs, logsDropped } = outcome.effects
    return { type: 'stopped', reason: 'timeout', cpuMs: outcome.cpuMs, cpuExhausted: true, logs, logsDropped }
  }

  #moveIn(): undefined {
    this.#guest = this.#sandbox.open(guestSpecOf(this.#journal), this.#placement)
  }

  /** Makes the guest again and brings it to where the journal ends. */
  async #moveBackIn(): Promise<ResidentTurn | 'lost' | undefined> {
    this.#moveIn()
    const guest = this.#guest!
    const outcome = await replay(guest, this.#journal)
    if (this.#left) return { type: 'left' }
    if (outcome.type === 'replayed') {
      this.replays += 1
      return undefined
    }
    this.#guest = undefined
    if (outcome.type !== 'diverged') return this.#judge(outcome) ?? 'lost'
    guest.close()
    const message = `Replay diverged in turn ${outcome.turn}: the guest did something else than its journal says`
    return { type: 'failed', error: { code: 'REPLAY_DIVERGED', message, details: { turn: outcome.turn } } }
  }
}

function diedOfMemory(): ResidentTurn {
  const logsDropped = { entries: 0, bytes: 0 }
  return { type: 'stopped', reason: 'memory', cpuMs: 0, cpuExhausted: false, logs: [], logsDropped }
}

function crashed(how: string): ResidentTurn {
  return { type: 'failed', error: { code: 'SANDBOX_CRASHED', message: `The sandbox process died ${how}` } }
}
