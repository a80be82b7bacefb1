import process from 'node:process'

import type { TurnEffects } from '@codemode/shared'

import type { Deliver, PreparedSource } from '../guest-boundary.ts'
import type { GuestDelivery, SandboxMessage, SessionVariable } from '../protocol.ts'
import type { GuestCode } from './guest-code.ts'
import type { EntryOutcome, GuestContext } from './isolates/guest-context.ts'
import type { ReusableIsolate } from './isolates/reusable-isolate.ts'
import { ParserBrokenError } from './source/strip-types.ts'

/** Report of a turn to the executor, without the fields that the process adds. */
export type TurnReply =
  Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }> extends infer Message
    ? Message extends { guest: number }
      ? Omit<Message, 'guest' | 'unfitForNewGuests'>
      : never
    : never

/** Bytes of a waiting guest's isolate above which the memory of earlier guests is worth the time to free it. */
const worthFreeingBytes = 4 * 1024 * 1024

type Effects = { -readonly [Name in keyof TurnEffects]: TurnEffects[Name] }

/**
 * Guest: a context of its own with the guest runtime, in an isolate in which no other guest lives. Turns are synchronous
 * entries, so the guest on the CPU is always known. Only strings, numbers and booleans cross the boundary. The output of a
 * turn is collected here and returned when the turn has ended.
 */
export class GuestHost {
  readonly #isolate: ReusableIsolate
  readonly #context: GuestContext
  readonly #code: GuestCode
  #effects: Effects = noEffects(null)
  /** Value that the guest returns, as JSON; it is used if the execution ends with it. */
  #result = ''
  /** Warnings that the guest has reported, and those that its turns have reported, as JSON. */
  #warnings = '[]'
  #reportedWarnings = '[]'
  /** Variables of the session that do not exist, as JSON, once the runtime has reported them. */
  #absent: string | undefined
  #outputLength = 0
  #waitedForClock = false
  #sizeBytes = Infinity
  #hasEndedByItself = false
  #hasFreedMemory = false
  /** Whether the parser of this process is broken, so that another process has to run the turn. */
  #cannotPrepare = false

  constructor(code: GuestCode, isolate: ReusableIsolate) {
    this.#code = code
    this.#isolate = isolate
    this.#context = isolate.open()
    this.#context.onEmit((kind, first, second, third) => this.#takeOutput(kind, first, second, third))
  }

  /** Whether the guest goes on after the end of its code, with a further step. */
  get hasSteps(): boolean {
    return this.#code.steps !== undefined
  }

  /** Isolate of the guest. */
  get isolate(): ReusableIsolate {
    return this.#isolate
  }

  /**
   * True if the guest's code has ended by itself and none of its turns was stopped. Only then may another guest get the
   * isolate.
   */
  get hasEndedByItself(): boolean {
    return this.#hasEndedByItself
  }

  /**
   * Memory in bytes that the guest keeps after its last completed turn; `Infinity` before that and after a stopped
   * turn.
   */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** True if the isolate may have much memory of earlier guests, and none was freed since this guest began. */
  get shouldFreeMemory(): boolean {
    if (this.#hasFreedMemory || !this.#isolate.hadEarlierGuests) return false
    return this.#sizeBytes > worthFreeingBytes && this.#sizeBytes !== Infinity
  }

  /** Frees the memory of earlier guests, while the guest waits. Runs no code of the guest. */
  freeMemory(): void {
    this.#hasFreedMemory = true
    this.#sizeBytes = (this.#isolate.freeMemory() ? this.#isolate.sizeBytes() : undefined) ?? Infinity
  }

  /**
   * Runs one turn, for at most `timeoutMs` by the wall clock. `cpuMs` of the report is the CPU time of this thread, on
   * which the guest runs, for everything that the turn causes here: preparing the code, the entry, and measuring the
   * memory that the guest keeps. (isolated-vm's own `cpuTime` goes by the wall clock and leaves out the time that
   * callbacks take.)
   *
   * Throws if the runtime itself has failed, which ends the process: nothing that this guest does can be relied on.
   */
  turn(delivery: GuestDelivery, timeoutMs: number): TurnReply {
    this.#effects = noEffects(this.#effects.nextTimerAt)
    this.#outputLength = 0
    this.#waitedForClock = false
    this.#sizeBytes = Infinity
    if (delivery.kind === 'step') this.#beginStep()
    const before = process.threadCpuUsage()
    const content = this.#argumentsOf(delivery)
    if (content === undefined) return { type: 'skipped' }
    let entry = this.#context.enter(content, timeoutMs)
    if (entry.type === 'ended' && this.hasSteps && this.#effects.end !== undefined)
      entry = this.#endStep(delivery.at, timeoutMs)
    if (this.#cannotPrepare) return { type: 'skipped' }
    if (entry.type === 'failed') throw new Error('The guest runtime failed', { cause: entry.cause })
    const sizeBytes = entry.type === 'ended' ? this.#isolate.sizeBytes() : undefined
    const { user, system } = process.threadCpuUsage(before)
    const cpuMs = (user + system) / 1000
    const reason = this.#reasonToStop(entry.type === 'ended' && sizeBytes === undefined ? 'memory' : entry.type)
    if (reason !== undefined) {
      const { logs, logsDropped } = this.#effects
      if (reason === 'memory' && this.#isolate.hadEarlierGuests) {
        return { type: 'skipped', needsOwnIsolate: true, ...(entry.type === 'memory' && { unfitForNewGuests: true }) }
      }
      const more = this.#changedWarnings()
      return { type: 'stopped', reason, waitedForClock: this.#waitedForClock, cpuMs, logs, logsDropped, ...more }
    }
    this.#sizeBytes = sizeBytes!
    this.#hasEndedByItself = this.#effects.end !== undefined && !this.hasSteps
    if (this.#effects.end === undefined) Object.assign(this.#effects, this.#changedWarnings())
    const variables = this.#takeVariables()
    return { type: 'turn', cpuMs, guestBytes: this.#sizeBytes, effects: this.#effects, ...(variables && { variables }) }
  }

  #beginStep(): void {
    this.#effects.nextTimerAt = null
    this.#warnings = '[]'
    this.#reportedWarnings = '[]'
  }

  /** Ends a step that has ended by itself. No code of the guest runs in it. */
  #endStep(at: number, timeoutMs: number): EntryOutcome {
    return this.#context.enter(this.#code.steps!.endAt(at), timeoutMs)
  }

  /** Returns the variables of the session if a step has ended in the turn. */
  #takeVariables(): SessionVariable[] | undefined {
    if (this.#absent === undefined) return undefined
    this.#effects.nextTimerAt = null
    const absent = JSON.parse(this.#absent) as string[]
    this.#absent = undefined
    const steps = this.#code.steps!
    const { end } = this.#effects
    if (end?.ok === false && end.code === 'SESSION_FROZEN') steps.undeclare()
    return steps.variables(absent)
  }

  /** Returns the warnings if they have changed since the last turn. */
  #changedWarnings(): Pick<TurnEffects, 'warnings'> {
    if (this.#warnings === this.#reportedWarnings) return {}
    this.#reportedWarnings = this.#warnings
    return { warnings: JSON.parse(this.#warnings) }
  }

  /** Returns the limit that the turn ran into, or undefined if it is complete. */
  #reasonToStop(entry: 'ended' | 'timeout' | 'memory'): 'timeout' | 'memory' | 'output' | undefined {
    const { end } = this.#effects
    const hasExhaustedMemory = end?.ok === false && end.code === 'MEMORY_LIMIT'
    // When an allocation fails depends on the garbage collector, so a session can't go on from there. In an isolate that has
    // had other guests it depends on them too.
    if (entry === 'memory' || (hasExhaustedMemory && (this.hasSteps || this.#isolate.hadEarlierGuests))) return 'memory'
    if (entry === 'timeout') {
      // If the runtime had already ended the guest for its memory, the guest only continued until the timeout.
      return hasExhaustedMemory ? 'memory' : 'timeout'
    }
    return this.#outputLength > this.#code.maxOutputLength ? 'output' : undefined
  }

  /** Returns the arguments for the runtime, or undefined if this process can't prepare the code. */
  #argumentsOf(delivery: GuestDelivery): Parameters<Deliver> | undefined {
    try {
      return this.#code.argumentsOf(delivery)
    } catch (error) {
      if (error instanceof ParserBrokenError) return undefined
      throw error
    }
  }

  #takeOutput(
    kind: string,
    first: string | number,
    second: string | number,
    third: string,
  ): number | string | undefined {
    switch (kind) {
      case 'log':
        this.#effects.logs.push({ level: first as TurnEffects['logs'][number]['level'], text: String(second) })
        break
      case 'dropped':
        this.#effects.logsDropped.entries += 1
        this.#effects.logsDropped.bytes += Number(first)
        break
      case 'call':
        // A turn with more output than a journal holds is going to be refused, so its output is not kept here.
        this.#outputLength += third.length
        if (this.#outputLength > this.#code.maxOutputLength) this.#effects.calls.length = 0
        else this.#effects.calls.push({ call: Number(first), tool: String(second), input: third })
        break
      case 'timer':
        this.#effects.nextTimerAt = Number(first) < 0 ? null : Number(first)
        break
      case 'clock':
        this.#waitedForClock = true
        break
      case 'warnings':
        this.#warnings = String(first)
        break
      case 'result':
        this.#result = String(first)
        return Buffer.byteLength(this.#result)
      case 'uncompiled':
        return this.#sourceThatFailed()
      case 'absent':
        this.#absent = String(first)
        break
      case 'end':
        this.#effects.end ??= this.#endOf(String(first))
        break
    }
    return undefined
  }

  /** Returns what the host finds in code that did not compile, as JSON. The turn is skipped if it can't look at it. */
  #sourceThatFailed(): string {
    try {
      return JSON.stringify(this.#code.sourceThatFailed())
    } catch (error) {
      if (!(error instanceof ParserBrokenError)) throw error
      this.#cannotPrepare = true
      return JSON.stringify({ ok: false, message: '', line: 1, column: 1 } satisfies PreparedSource)
    }
  }

  #endOf(text: string): NonNullable<TurnEffects['end']> {
    const end = JSON.parse(text)
    return end.ok ? { ...end, result: this.#result } : end
  }
}

function noEffects(nextTimerAt: number | null): Effects {
  return { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt }
}
