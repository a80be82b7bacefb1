import { setTimeout as delay } from 'node:timers/promises'

import type { ExecutionFailure, TurnEffects } from '@codemode/shared'

import type { Guest, GuestDelivery, Sandbox, TurnOutcome } from '../sandbox/sandbox.ts'
import type { JournalLog } from './journal-log.ts'
import { guestSpecOf, replay } from './replay.ts'

/** A guest that is lost again and again is tried again at growing intervals, for as long as its execution has time. */
const maxBackoffMs = 1_000
const backoffBaseMs = 10

/**
 * How many processes may die while the guest is on the CPU before it is held to be the cause. The first death may have
 * been the machine's doing; two are no coincidence.
 */
const maxDeaths = 2

/**
 * A turn that ran into its timeout has used up its CPU time if it really got this share of it. Otherwise the machine was
 * too busy to give it that: as a turn that did not end it had no effects, so it is replayed and run again, once, for longer.
 */
const exhaustedShare = 0.75
const starvedStretch = 4

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
  readonly #tenant: string
  #guest: Guest | undefined
  #left = false
  #deaths = 0
  cpuMs = 0
  turns = 0
  replays = 0

  constructor(sandbox: Sandbox, journal: JournalLog, tenant: string) {
    this.#sandbox = sandbox
    this.#tenant = tenant
    this.#journal = journal
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
      if (outcome.type === 'crashed' && this.#isCulprit()) return crashed('while the code was running')
    }
  }

  /** Frees the guest; a turn that is running is stopped. */
  leave(): void {
    this.#left = true
    this.#guest?.close()
    this.#guest = undefined
  }

  #isCulprit(): boolean {
    this.#deaths += 1
    return this.#deaths >= maxDeaths
  }

  #account(outcome: Extract<TurnOutcome, { type: 'turn' }>): ResidentTurn {
    this.cpuMs += outcome.cpuMs
    this.turns += 1
    return outcome
  }

  #moveIn(): undefined {
    this.#guest = this.#sandbox.open(guestSpecOf(this.#journal), this.#tenant)
  }

  /** Makes the guest again and brings it to where the journal ends. */
  async #moveBackIn(): Promise<ResidentTurn | 'lost' | undefined> {
    this.#moveIn()
    const guest = this.#guest!
    this.replays += 1
    const outcome = await replay(guest, this.#journal)
    if (this.#left) return { type: 'left' }
    if (outcome.type === 'replayed') return undefined
    this.#guest = undefined
    if (outcome.type === 'lost' || outcome.type === 'stopped') return 'lost'
    if (outcome.type === 'crashed') return this.#isCulprit() ? crashed('while the code was replayed') : 'lost'
    guest.close()
    const message = `Replay diverged in turn ${outcome.turn}: the guest did something else than its journal says`
    return { type: 'failed', error: { code: 'REPLAY_DIVERGED', message, details: { turn: outcome.turn } } }
  }
}

function crashed(when: string): ResidentTurn {
  return { type: 'failed', error: { code: 'SANDBOX_CRASHED', message: `The sandbox process died ${when}` } }
}
