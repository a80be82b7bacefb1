import { RequestError } from '@codemode/shared'

import type { Guest, GuestDelivery, Placement, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import { guestSpecOf, rebuiltSpec } from './guest-input.ts'
import type { StepJournal } from '../../store/session-store.ts'
import type { Realm } from '../session/realm.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import type { JournalLog } from '../state/journal-log.ts'
import { crashed, crashedAlone, exceededMemory, killedTooOften, withoutRuntime, type GuestTurn } from './guest-turn.ts'
import { endStep, replayAll, type ReplayOutcome } from './replay.ts'
import { versionDifferences } from './version-differences.ts'

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

/** Number of failed starts of processes with the guest runtime of another version after which the guest fails. */
const maxFailedStarts = 3

/** Bounds of the factor by which the expected slowdown grows after a turn was stopped with CPU time left. */
const minSlowdownGrowth = 1.25
const maxSlowdownGrowth = 8
/** Factor by which the next attempt gets more time than the measured slowdown requires. */
const slowdownMargin = 1.25
/** Number of such stops after which the attempts back off, because a sandbox process may report anything. */
const stopsWithoutBackoff = 4

/**
 * Milliseconds of CPU time by which a turn that V8 has not stopped may exceed the limit. Linux advances the CPU clock
 * of a thread in steps of up to 10 ms, and the first executions in a process include the time in which
 * the process compiles its own code.
 */
const cpuSlackMs = 50

/**
 * Minimum milliseconds that a guest waits behind another guest's long turn before it is replayed in another process.
 */
const minWaitMs = 200

interface RestorableGuestOptions {
  readonly sandbox: Sandbox
  readonly journal: JournalLog
  /** State after the last entry of the journal. */
  readonly state: Pick<ExecutionState, 'turns' | 'cpuMs'>
  readonly placement: Placement
  /** Realm of the session whose step the execution is. */
  readonly realm?: Realm | undefined
}

/**
 * Guest of one execution. When it is gone (its process died or was too busy, it was evicted, or it was stopped on a
 * busy machine), it is made again from the journal at its next turn. The caller needs to do nothing for it.
 */
export class RestorableGuest {
  readonly #sandbox: Sandbox
  readonly #journal: JournalLog
  readonly #state: RestorableGuestOptions['state']
  readonly #realm: Realm | undefined
  #placement: Placement
  #guest: Guest | undefined
  /** Outcome of the next turn, which the guest has begun. */
  #begun: Promise<TurnOutcome> | undefined
  #closed = false
  #kills = 0
  #failedStarts = 0
  #replays = 0
  #evictedAt: number | undefined

  constructor({ sandbox, journal, state, placement, realm }: RestorableGuestOptions) {
    this.#realm = realm
    this.#sandbox = sandbox
    this.#journal = journal
    this.#state = state
    this.#placement = { ...placement, runtime: journal.header.runtime.guestRuntime }
  }

  /**
   * Returns the number of times that the guest was rebuilt since the last call of this method, and the milliseconds since
   * its eviction, if it was evicted after a turn of this execution and since then.
   */
  takeRebuilds(): { readonly replays: number; readonly evictedMsAgo: number | undefined } {
    this.#noteEviction()
    const replays = this.#replays
    const evictedMsAgo = this.#evictedAt === undefined ? undefined : performance.now() - this.#evictedAt
    this.#replays = 0
    this.#evictedAt = undefined
    return { replays, evictedMsAgo }
  }

  /** Keeps the time of an eviction. One before the first turn was that of a session between two steps. */
  #noteEviction(): void {
    if (this.#state.turns > 0) this.#evictedAt ??= this.#guest?.evictedAt
  }

  /**
   * Runs the next turn, for at most the remaining CPU time and wall time. The guest may begin the turns of the deliveries
   * `ahead` before they are asked for. The caller then asks for the turn of the first of them next, with the same `at`.
   *
   * V8 can stop a turn by the wall clock only. A turn that was stopped with CPU time left has had no effects, so it is
   * replayed and run again for longer, until it has used up its CPU time or the wall time is over.
   */
  async turn(
    delivery: GuestDelivery,
    wallLeftMs: () => number,
    ahead: readonly GuestDelivery[] = [],
  ): Promise<GuestTurn> {
    let expectedSlowdown = 1
    let losses = 0
    let stops = 0
    for (;;) {
      const failures = losses + Math.max(0, stops - stopsWithoutBackoff)
      if (failures > 1) await delay(Math.min(maxBackoffMs, backoffBaseMs * 2 ** failures))
      if (this.#closed) return { type: 'closed' }
      if (this.#guest === undefined) {
        // The first turn is requested before anything is awaited, so that the sandbox counts it at once.
        const isNew = this.#state.turns === 0 && (this.#realm?.isEmpty ?? true)
        const failed = isNew ? this.#place() : await this.#restore(wallLeftMs)
        if (failed === 'lost') {
          losses += 1
          continue
        }
        if (failed) return failed
      }
      // It may have been closed just after the replay.
      if (this.#closed) return { type: 'closed' }
      const cpuLeftMs = this.#journal.header.limits.cpuTimeoutMs - this.#state.cpuMs
      const begun = this.#begun
      this.#begun = undefined
      const outcome = await (begun ??
        this.#guest!.turn(delivery, {
          cpuMs: Math.max(0, cpuLeftMs),
          expectedSlowdown,
          wallMs: wallLeftMs(),
          maxWaitMs: Math.max(minWaitMs, this.#state.cpuMs * 2) * 2 ** Math.min(losses, 6),
          ahead,
        }))
      if (this.#closed) return { type: 'closed' }
      if (outcome.type === 'turn') return this.#completed(outcome)
      this.#noteEviction()
      this.#guest = undefined
      if (outcome.type === 'stopped') {
        const hasCpuLeft = outcome.reason === 'timeout' && outcome.cpuMs < cpuLeftMs
        if (hasCpuLeft && wallLeftMs() > 0) {
          stops += 1
          expectedSlowdown *= slowdownGrowth(cpuLeftMs / outcome.cpuMs)
          continue
        }
        return outcome
      }
      const failure = this.#failureAfter(outcome)
      if (failure) return failure
      losses += 1
    }
  }

  /**
   * Closes the guest, which stops a turn that is running. That of a session is kept for the next step if the step has ended
   * between turns; `endedAt` is the time at which the host ended it.
   */
  close({ keep = false, endedAt }: { readonly keep?: boolean; readonly endedAt?: number | undefined } = {}): void {
    this.#closed = true
    const guest = this.#guest
    this.#guest = undefined
    if (guest === undefined) return
    if (keep && this.#realm !== undefined) this.#realm.giveBack({ guest, endedAt })
    else guest.close()
  }

  /**
   * Returns the failure of a guest that caused the death of its process; undefined if it did not, or if other guests in
   * the process may have. In that case it is replayed in a process of its own: if that one dies as well, the guest is
   * the cause.
   */
  #failureAfter(outcome: TurnOutcome | ReplayOutcome): GuestTurn | undefined {
    if (outcome.type === 'killed') {
      this.#kills += 1
      // The first kill may be a coincidence. A process of its own rules out that the system kills it to get back the
      // memory of other guests.
      if (this.#kills > 1) this.#placement = { ...this.#placement, isolation: 'execution' }
      return this.#kills > maxKills ? crashed(killedTooOften(maxKills)) : undefined
    }
    if (outcome.type === 'unrunnable') return this.#unrunnable(outcome.reason)
    // Earlier guests of its isolate may have left it too little memory.
    if (outcome.type === 'lost' && outcome.needsOwnIsolate) this.#placement = { ...this.#placement, ownIsolate: true }
    if (outcome.type !== 'crashed') return undefined
    if (outcome.outOfMemory && outcome.wasAlone) return exceededMemory()
    if (outcome.wasAlone) return crashed(crashedAlone)
    this.#placement = { ...this.#placement, isolation: 'execution' }
    return undefined
  }

  /** Returns the failure of a guest without a runtime. A start that failed may succeed on a machine that is less busy. */
  #unrunnable(reason: 'missing' | 'broken'): GuestTurn | undefined {
    const { guestRuntime } = this.#journal.header.runtime
    if (reason === 'missing') return withoutRuntime(guestRuntime, 'is neither that of this version nor in the store')
    this.#failedStarts += 1
    return this.#failedStarts < maxFailedStarts ? undefined : withoutRuntime(guestRuntime, 'does not start here')
  }

  /** Returns a completed turn, or a stopped one if it has exceeded the CPU limit. */
  #completed(outcome: Extract<TurnOutcome, { type: 'turn' }>): GuestTurn {
    this.#kills = 0
    const { cpuMs, effects, variables, next } = outcome
    // V8 stops turns by the wall clock, so a turn may complete after it has exceeded its CPU time.
    if (this.#state.cpuMs + cpuMs <= this.#journal.header.limits.cpuTimeoutMs + cpuSlackMs) {
      if (this.#realm !== undefined && variables !== undefined) this.#realm.reportedVariables = variables
      this.#begun = next
      return { type: 'turn', cpuMs, effects, isFollowed: next !== undefined }
    }
    const { logs, logsDropped, warnings } = effects
    const kept = { logs, logsDropped, ...(warnings && { warnings }) }
    return { type: 'stopped', reason: 'timeout', waitedForClock: false, cpuMs, ...kept }
  }

  #place(spec = guestSpecOf(this.#journal)): undefined {
    this.#guest = this.#sandbox.placeGuest(spec, this.#placement)
  }

  /**
   * Makes a new guest and replays the journal in it. Resolves with undefined when the guest is ready for its next turn.
   */
  async #restore(wallLeftMs: () => number): Promise<GuestTurn | 'lost' | undefined> {
    const kept = this.#state.turns === 0 ? this.#realm?.take() : undefined
    const earlier = kept === undefined ? await this.#earlierSteps() : []
    if (this.#closed) {
      kept?.guest.close()
      return { type: 'closed' }
    }
    // The API keys of the steps may have different limits. The guest was made with those of the first step.
    if (kept === undefined) this.#place(rebuiltSpec(guestSpecOf(earlier[0] ?? this.#journal)))
    else this.#guest = kept.guest
    const guest = this.#guest!
    const outcome =
      kept === undefined
        ? await replayAll(guest, [...earlier, this.#journal], wallLeftMs)
        : await endStep(guest, kept.endedAt, wallLeftMs)
    if (this.#closed) return { type: 'closed' }
    if (outcome.type === 'replayed') {
      if (kept === undefined) this.#replays += 1
      return undefined
    }
    this.#guest = undefined
    if (outcome.type === 'diverged') {
      guest.close()
      return this.#diverged(`in turn ${outcome.turn}: the guest's output differs from that in its journal`, outcome)
    }
    // The journal says that the code did this once without harm, so another version of something is the likely cause.
    const failed = this.#failureAfter(outcome)
    if (failed && outcome.type === 'crashed' && this.#differences !== undefined) {
      return this.#diverged('because the sandbox process crashed')
    }
    if (outcome.type === 'stopped' && this.#differences !== undefined && wallLeftMs() > 0) {
      return this.#diverged(`because turn ${outcome.turn} did not end within the limits`, outcome)
    }
    return failed ?? 'lost'
  }

  /** Resolves with the journals of the steps before. While the store does not answer, asks again until the guest is closed. */
  async #earlierSteps(): Promise<readonly StepJournal[]> {
    for (let attempt = 0; this.#realm !== undefined && !this.#closed; attempt += 1) {
      try {
        return await this.#realm.journals()
      } catch (error) {
        if (!(error instanceof RequestError && error.code === 'STORE_UNAVAILABLE')) throw error
        await delay(Math.min(maxBackoffMs, backoffBaseMs * 2 ** attempt))
      }
    }
    return []
  }

  /** Differences between the node that wrote the journal and this one. */
  get #differences(): string | undefined {
    return versionDifferences(this.#journal.header.runtime, this.#sandbox.versions)
  }

  #diverged(how: string, { turn }: { readonly turn?: number } = {}): GuestTurn {
    const differences = this.#differences
    const where = differences === undefined ? '' : `. This node has ${differences}`
    const details = turn === undefined ? undefined : { turn }
    return { type: 'failed', error: { code: 'REPLAY_DIVERGED', message: `Replay diverged ${how}${where}`, details } }
  }
}

/**
 * Returns the factor by which the expected slowdown grows after an attempt in which the turn got one part in `slowdown`
 * of its CPU time.
 */
function slowdownGrowth(slowdown: number): number {
  return Math.max(minSlowdownGrowth, Math.min(maxSlowdownGrowth, slowdown * slowdownMargin))
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
