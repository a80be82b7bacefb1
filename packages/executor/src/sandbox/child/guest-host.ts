import process from 'node:process'

import type { TurnEffects } from '@codemode/shared'

import type { GuestDelivery, GuestSpec, SandboxMessage } from '../protocol.ts'
import type { GuestIsolate } from './guest-isolate.ts'
import { ParserBrokenError, prepareSource } from './source/prepare-source.ts'

/** What a turn came to, as it is sent to the executor; the rest of the message is the process's to say. */
export type TurnReply =
  Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }> extends infer Message
    ? Message extends { guest: number }
      ? Omit<Message, 'guest' | 'worn'>
      : never
    : never

type Effects = { -readonly [Name in keyof TurnEffects]: TurnEffects[Name] }

/**
 * One guest: an isolate of its own with the guest runtime in it. Turns are synchronous entries, so that it is always
 * known who is on the CPU. All that crosses are strings, numbers and booleans; what the guest puts out in a turn is
 * gathered here and handed over when the turn has ended.
 */
export class GuestHost {
  readonly #isolate: GuestIsolate
  readonly #spec: GuestSpec
  #effects: Effects = noEffects(null)
  /** What the guest returns, if it ends so. */
  #result = ''
  #outputLength = 0
  #hasEntered = false
  #sizeBytes = Infinity

  constructor(spec: GuestSpec, isolate: GuestIsolate) {
    this.#spec = spec
    this.#isolate = isolate
    isolate.onEmit((kind, first, second, third) => this.#take(kind, first, second, third))
  }

  /** Its isolate; no other guest may have it. */
  get isolate(): GuestIsolate {
    return this.#isolate
  }

  /** What it keeps in memory, if its last turn has ended as a turn; how much it may be otherwise nobody knows. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /**
   * Enters the guest once and returns when its microtasks have drained, or after `timeoutMs`. The outcome is read from
   * what the runtime reported and from measurements: an exception out of the entry says nothing, since a guest can throw
   * what it likes. isolated-vm's timeout goes by the wall clock, so that is what tells of one, and CPU time is that of
   * this thread, on which the guest runs. (`isolate.cpuTime` is neither: it leaves out what callbacks take.)
   *
   * Throws if the runtime itself has failed, which ends the process: nothing that this guest does can be relied on.
   */
  turn(delivery: GuestDelivery, timeoutMs: number): TurnReply {
    this.#effects = noEffects(this.#effects.nextTimerAt)
    this.#hasEntered = false
    this.#outputLength = 0
    this.#sizeBytes = Infinity
    // Parsing the code is part of what the code costs.
    const before = process.threadCpuUsage()
    const content = this.#argumentsOf(delivery)
    if (content === undefined) return { type: 'skipped' }
    const enteredAt = performance.now()
    let thrown: unknown
    try {
      this.#isolate.enter(content, Math.ceil(timeoutMs))
    } catch (error) {
      thrown = error
    }
    const elapsedMs = performance.now() - enteredAt
    const { user, system } = process.threadCpuUsage(before)
    const cpuMs = (user + system) / 1000
    const { logs, logsDropped } = this.#effects
    if (this.#isolate.isGone) return { type: 'stopped', reason: 'memory', cpuMs, logs, logsDropped }
    if (elapsedMs >= timeoutMs) {
      // Its end has been decided already, and nothing but the timeout could stop it.
      const { end } = this.#effects
      const reason = end?.ok === false && end.code === 'MEMORY_LIMIT' ? 'memory' : 'timeout'
      return { type: 'stopped', reason, cpuMs, logs, logsDropped }
    }
    if (this.#outputLength > this.#spec.limits.journalBytes) {
      return { type: 'stopped', reason: 'output', cpuMs, logs, logsDropped }
    }
    if (!this.#hasEntered) throw new Error('The guest runtime failed', { cause: thrown })
    this.#sizeBytes = this.#isolate.sizeBytes()
    return { type: 'turn', cpuMs, guestBytes: this.#sizeBytes, effects: this.#effects }
  }

  /** What the runtime is entered with; undefined if this process can't say what the code is. */
  #argumentsOf(delivery: GuestDelivery): [string, number, number, boolean, string, string] | undefined {
    switch (delivery.kind) {
      case 'start': {
        const text = this.#startText()
        return text === undefined ? undefined : ['start', delivery.at, 0, true, text, this.#spec.input]
      }
      case 'answer':
        return ['answer', delivery.at, delivery.call, delivery.ok, delivery.text, '']
      case 'tick':
        return ['tick', delivery.at, 0, true, '', '']
    }
  }

  /** The spec without its input, which would have to be escaped and read twice. */
  #startText(): string | undefined {
    const { code, context, config, limits, seed, tools } = this.#spec
    try {
      return JSON.stringify({ source: prepareSource(code), context, config, limits, seed, tools })
    } catch (error) {
      if (error instanceof ParserBrokenError) return undefined
      throw error
    }
  }

  #take(kind: string, first: string | number, second: string | number, third: string): number | undefined {
    switch (kind) {
      case 'log':
        this.#effects.logs.push({ level: first as TurnEffects['logs'][number]['level'], text: String(second) })
        break
      case 'dropped':
        this.#effects.logsDropped.entries += 1
        this.#effects.logsDropped.bytes += Number(first)
        break
      case 'call':
        // What no journal can hold is not held here either: the turn will be refused.
        this.#outputLength += third.length
        if (this.#outputLength > this.#spec.limits.journalBytes) this.#effects.calls.length = 0
        else this.#effects.calls.push({ call: Number(first), tool: String(second), input: third })
        break
      case 'timer':
        this.#effects.nextTimerAt = Number(first) < 0 ? null : Number(first)
        break
      case 'result':
        this.#result = String(first)
        return Buffer.byteLength(this.#result)
      case 'end':
        this.#effects.end ??= this.#endOf(String(first))
        break
      case 'entered':
        this.#hasEntered = true
        break
    }
    return undefined
  }

  #endOf(text: string): NonNullable<TurnEffects['end']> {
    const end = JSON.parse(text)
    return end.ok ? { ...end, result: this.#result } : end
  }
}

function noEffects(nextTimerAt: number | null): Effects {
  return { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt }
}
