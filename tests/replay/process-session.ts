import type { Delivery, JournalEntry, JournalHeader } from '@codemode/shared'
import { reuseIsolates } from '@codemode/testkit'

import { answerIn, guestDeliveryOf, guestSpecOf } from '../../packages/executor/src/engine/runner/guest-input.ts'
import { replayAll } from '../../packages/executor/src/engine/runner/replay.ts'
import { AttachedRealm } from '../../packages/executor/src/engine/session/attached-realm.ts'
import type { StepJournal } from '../../packages/executor/src/store/session-store.ts'
import { headerOf } from '../../packages/executor/src/engine/state/journal.test-support.ts'
import type { Guest, Sandbox, SessionVariable, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'

/** Step to run: its code, and whether the host stops it within a turn. */
export interface RandomStep {
  readonly code: string
  readonly isStopped: boolean
}

const wallMs = 240_000
const options = { cpuMs: Infinity, expectedSlowdown: 1, wallMs, maxWaitMs: wallMs }
/** CPU time of steps that are stopped. They would go on for ever. */
const stoppedCpuMs = 20
/** Number of times that a guest may be lost with its process, which a stopped guest of another session may end. */
const maxLosses = 5
const tools = [{ name: 'a' }, { name: 'b' }]
const error = { code: 'CANCELLED', name: 'AbortError', message: 'ended', retryable: false } as const

/** Session in sandbox processes, whose steps are driven at random and journalled as the engine journals them. */
export class ProcessSession {
  readonly realm: AttachedRealm
  readonly #sandbox: Sandbox
  readonly #tenant: string
  readonly #random: () => number
  #guest: Guest | undefined
  #variables: readonly SessionVariable[] = []
  #at = 1_000
  #number = 0

  constructor(sandbox: Sandbox, { tenant, random, realm = new AttachedRealm() }: SessionOptions) {
    this.#sandbox = sandbox
    this.#tenant = tenant
    this.#random = random
    this.realm = realm
    const last = realm.steps.at(-1)
    this.#number = last?.header.session?.step ?? 0
    this.#at = last?.entries.at(-1)?.at ?? 1_000
  }

  /** Variables after the last step whose state the session has. */
  get variables(): readonly SessionVariable[] {
    return this.#variables
  }

  /** Runs a step to its end, or until the host ends or stops it. Returns whether the session has its state. */
  async step({ code, isStopped }: RandomStep): Promise<boolean> {
    const header = this.#header(code)
    if (this.#guest === undefined) await this.rebuild()
    const entries: JournalEntry[] = []
    const open = new Set<number>()
    let delivery: Delivery | undefined = { kind: 'start' }
    while (delivery !== undefined) {
      const outcome = await this.#turn(header, { delivery, entries, isStopped })
      if (outcome === undefined) return false
      const { end, calls, nextTimerAt } = outcome.effects
      for (const { call } of calls) open.add(call)
      if (end !== undefined) break
      delivery = this.#next(entries, { open, hasTimer: nextTimerAt !== null })
    }
    if (delivery === undefined) await this.#end({ header, entries })
    this.realm.ended({ header, entries })
    return true
  }

  /**
   * Makes a guest with the state of the session, and of the step under way, in a process that the tenant has. Rejects if it differs
   * from the journals.
   */
  async rebuild(underWay: readonly StepJournal[] = []): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const guest = this.#placeGuest()
      const outcome = await replayAll(guest, [...this.realm.steps, ...underWay], () => wallMs)
      if (outcome.type === 'replayed') return void (this.#guest = guest)
      guest.close()
      // The engine, too, tries again what is lost without a fault of the guest.
      if (outcome.type !== 'lost' || attempt === maxLosses) throw new Error(JSON.stringify(outcome))
    }
  }

  close(): void {
    this.#guest?.close()
    this.#guest = undefined
  }

  #header(code: string): JournalHeader {
    this.#number += 1
    const seed = Array.from({ length: 64 }, () => Math.floor(this.#random() * 16).toString(16)).join('')
    const session = { id: 'ses_1', step: this.#number }
    return headerOf({ code, input: String(this.#number), seed, tools, session })
  }

  #placeGuest(): Guest {
    const placement = { tenant: this.#tenant, isolation: 'tenant', ownIsolate: !reuseIsolates } as const
    const guest = this.#sandbox.placeGuest(guestSpecOf({ header: this.#headerOfSession() }), placement)
    return {
      turn: async (delivery, turnOptions) => {
        const outcome = await guest.turn(delivery, turnOptions)
        if (outcome.type === 'turn' && outcome.variables !== undefined) this.#variables = outcome.variables
        return outcome
      },
      close: () => guest.close(),
    }
  }

  #headerOfSession(): JournalHeader {
    return headerOf({ session: { id: 'ses_1', step: 1 } })
  }

  /** Runs a turn and journals it. Returns undefined if the guest was stopped. */
  async #turn(
    header: JournalHeader,
    { delivery, entries, isStopped }: { delivery: Delivery; entries: JournalEntry[]; isStopped: boolean },
  ): Promise<Extract<TurnOutcome, { type: 'turn' }> | undefined> {
    const at = ++this.#at
    const answers = new Map(entries.map(answerIn).filter((answer) => answer !== undefined))
    const sent = guestDeliveryOf(header, delivery, { at, answers })
    const turnOptions = { ...options, ...(isStopped && { cpuMs: stoppedCpuMs }) }
    let outcome = await this.#guest!.turn(sent, turnOptions)
    for (let losses = 0; outcome.type === 'lost' && losses < maxLosses; losses++) {
      await this.rebuild([{ header, entries }])
      outcome = await this.#guest!.turn(sent, turnOptions)
    }
    if (outcome.type === 'turn') {
      const { cpuMs, effects } = outcome
      entries.push({ type: 'turn', at, endedAt: at, cpuMs, delivery, effects })
      return outcome
    }
    if (outcome.type !== 'stopped') throw new Error(JSON.stringify(outcome))
    this.#guest = undefined
    return undefined
  }

  /** Returns what the guest gets next; undefined if the host ends the step. */
  #next(entries: JournalEntry[], { open, hasTimer }: { open: Set<number>; hasTimer: boolean }): Delivery | undefined {
    if ((open.size === 0 && !hasTimer) || this.#random() < 0.1) return undefined
    if (open.size === 0 || (hasTimer && this.#random() < 0.5)) {
      this.#at += 60
      return { kind: 'tick' }
    }
    const call = [...open][Math.floor(this.#random() * open.size)]!
    open.delete(call)
    entries.push({
      type: 'answer',
      at: ++this.#at,
      call,
      ok: true,
      text: JSON.stringify(this.#random()),
    })
    return { kind: 'answer', call }
  }

  async #end({ header, entries }: { header: JournalHeader; entries: JournalEntry[] }): Promise<void> {
    const at = ++this.#at
    entries.push({ type: 'end', at, error })
    const outcome = await this.#guest!.turn({ kind: 'end-step', at }, options)
    if (outcome.type === 'lost') return this.rebuild([{ header, entries }])
    if (outcome.type !== 'turn') throw new Error(JSON.stringify(outcome))
  }
}

interface SessionOptions {
  /** Tenant of the session's guests: each has processes of its own. */
  readonly tenant: string
  readonly random: () => number
  readonly realm?: AttachedRealm
}
