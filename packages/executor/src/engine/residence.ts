import type { ExecutionFailure, TurnEffects } from '@codemode/shared'

import type { Guest, GuestDelivery, Placement, Sandbox, TurnOutcome } from '../sandbox/sandbox.ts'
import type { JournalLog } from './journal-log.ts'
import { guestSpecOf, replay, type ReplayOutcome } from './replay.ts'

/**
 * Maximum backoff in milliseconds between attempts to place a guest that is lost repeatedly. Attempts go on for as long
 * as the execution has time.
 */
const maxBackoffMs = 1_000
/** Base of the exponential backoff in milliseconds. */
const backoffBaseMs = 10

/**
 * Maximum number of consecutive kills from outside of processes with the guest on the CPU. Guest code has no way to
 * kill its process, but may use so much memory that the system does.
 */
const maxKills = 8

/**
 * Bounds of the factor by which the wall time of a turn grows after it was stopped on a busy machine with CPU time
 * left.
 */
const minGrowth = 1.25
const maxGrowth = 8
const growthMargin = 1.25
/** Number of such stops after which the attempts back off, because a sandbox process may report anything. */
const maxPromptStops = 4

/**
 * Milliseconds of CPU time by which a turn that ends by itself may exceed the limit. Linux advances the CPU clock of a
 * thread in steps of up to 10 ms, and the first executions in a process pay for what the process compiles.
 */
const cpuSlackMs = 50

/**
 * Minimum milliseconds that a guest waits behind another guest's long turn before it is replayed in another process.
 */
const minPatienceMs = 200

/** Outcome of a turn after lost guests were restored by replay. */
export type ResidentTurn =
  | { readonly type: 'turn'; readonly effects: TurnEffects }
  | Extract<TurnOutcome, { type: 'stopped' }>
  | { readonly type: 'failed'; readonly error: Pick<ExecutionFailure, 'code' | 'message' | 'details'> }
  /** `leave` was called during the turn. */
  | { readonly type: 'left' }

/**
 * Location of an execution's guest. A guest that is gone (its process died or was too busy, it was evicted, or it was
 * stopped on a busy machine) is made again from the journal when the next turn is due. The caller does not notice.
 */
export class Residence {
  readonly #sandbox: Sandbox
  readonly #journal: JournalLog
  #placement: Placement
  #guest: Guest | undefined
  #left = false
  #kills = 0
  /** CPU time in milliseconds of all turns that count: the completed ones and one that exceeded a limit. */
  cpuMs = 0
  turns = 0
  replays = 0

  constructor(sandbox: Sandbox, journal: JournalLog, placement: Placement) {
    this.#sandbox = sandbox
    this.#journal = journal
    this.#placement = placement
  }

  /**
   * Runs the next turn, for at most the remaining CPU time and wall time.
   *
   * V8 can stop a turn by the wall clock only. A turn that was stopped with CPU time left has had no effects, so it is
   * replayed and run again for longer, until it has used up its CPU time or the wall time is over.
   */
  async turn(delivery: GuestDelivery, wallLeftMs: () => number): Promise<ResidentTurn> {
    let stretch = 1
    let stops = 0
    for (let losses = 0; ;) {
      const failures = losses + Math.max(0, stops - maxPromptStops)
      if (failures > 1) await delay(Math.min(maxBackoffMs, backoffBaseMs * 2 ** failures))
      if (this.#left) return { type: 'left' }
      // The first turn is requested before anything is awaited, so that the sandbox counts it at once.
      const failed = this.#guest ? undefined : this.turns === 0 ? this.#moveIn() : await this.#moveBackIn(wallLeftMs)
      if (failed === 'lost') {
        losses += 1
        continue
      }
      if (failed) return failed
      const cpuLeftMs = this.#journal.header.limits.cpuTimeoutMs - this.cpuMs
      const outcome = await this.#guest!.turn(delivery, {
        cpuMs: Math.max(0, cpuLeftMs),
        stretch,
        wallMs: wallLeftMs(),
        patienceMs: Math.max(minPatienceMs, this.cpuMs * 2) * 2 ** Math.min(losses, 6),
      })
      if (this.#left) return { type: 'left' }
      if (outcome.type === 'turn') return this.#account(outcome)
      this.#guest = undefined
      if (outcome.type === 'stopped') {
        const hasCpuLeft = outcome.reason === 'timeout' && outcome.cpuMs < cpuLeftMs
        if (hasCpuLeft && wallLeftMs() > 0) {
          stops += 1
          stretch *= growthAfter(cpuLeftMs / outcome.cpuMs)
          continue
        }
        this.cpuMs += outcome.cpuMs
        return outcome
      }
      const culprit = this.#judge(outcome)
      if (culprit) return culprit
      losses += 1
    }
  }

  /** Closes the guest, which stops a turn that is running. */
  leave(): void {
    this.#left = true
    this.#guest?.close()
    this.#guest = undefined
  }

  /**
   * Returns the failure of a guest that caused the death of its process. With other guests in the process it is only a
   * suspect, and is replayed in a process of its own: if that one dies as well, the guest is the cause.
   */
  #judge(outcome: TurnOutcome | ReplayOutcome): ResidentTurn | undefined {
    if (outcome.type === 'killed') {
      this.#kills += 1
      // The first kill may be a coincidence. A process of its own rules out that the system kills it to get back the
      // memory of other guests.
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
    // V8 stops turns by the wall clock, so a turn may end by itself after it has exceeded its CPU time.
    if (this.cpuMs <= this.#journal.header.limits.cpuTimeoutMs + cpuSlackMs) return outcome
    const { logs, logsDropped } = outcome.effects
    return { type: 'stopped', reason: 'timeout', cpuMs: outcome.cpuMs, logs, logsDropped }
  }

  #moveIn(): undefined {
    this.#guest = this.#sandbox.open(guestSpecOf(this.#journal), this.#placement)
  }

  /**
   * Makes a new guest and replays the journal in it. Resolves with undefined when the guest is ready for its next turn.
   */
  async #moveBackIn(wallLeftMs: () => number): Promise<ResidentTurn | 'lost' | undefined> {
    this.#moveIn()
    const guest = this.#guest!
    const outcome = await replay(guest, this.#journal, wallLeftMs)
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

/** Returns the factor for the next attempt after one in which the turn got one part in `slowdown` of its CPU time. */
function growthAfter(slowdown: number): number {
  return Math.max(minGrowth, Math.min(maxGrowth, slowdown * growthMargin))
}

function diedOfMemory(): ResidentTurn {
  const logsDropped = { entries: 0, bytes: 0 }
  return { type: 'stopped', reason: 'memory', cpuMs: 0, logs: [], logsDropped }
}

function crashed(how: string): ResidentTurn {
  return { type: 'failed', error: { code: 'SANDBOX_CRASHED', message: `The sandbox process died ${how}` } }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
