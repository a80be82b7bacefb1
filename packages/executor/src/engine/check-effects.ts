import { causeLimits, maxJsonNesting, type JsonObject, type TurnEffects } from '@codemode/shared'

import type { ExecutionLimits } from './limits.ts'
import { nestingOf } from './nesting.ts'

/** What the guest's side cuts off a log entry is told in the entry itself. */
const logSlackBytes = 1024

/** More than the guest runtime ever says of a failure. */
const maxDetailsLength = 65_536
const maxDetailsNesting = 100

/** Escapes may make six characters of one, and each error has the names of its fields. */
const maxCausesLength = 8 * causeLimits.totalLength

/** What an entry counts beyond its text, as in the guest's console: without text it is not free. */
const logEntryBytes = 64

/** What a turn has logged: kept even of one that did not end. */
export type TurnLogs = Pick<TurnEffects, 'logs' | 'logsDropped'>

/**
 * What the turns of one execution have put out, checked beyond its form: the guest runtime keeps to the limits, which hold
 * over all turns, and numbers its calls upwards. Whatever does not comes from a sandbox process that was taken over.
 */
export class EffectsAccount {
  readonly #limits: ExecutionLimits
  #lastCall = 0
  #calls = 0
  #logBytes = 0

  constructor(limits: ExecutionLimits) {
    this.#limits = limits
  }

  /** Counts what a turn put out; or says what is wrong with it, and counts nothing. */
  add(effects: TurnEffects): string | undefined {
    const violation = this.#violationIn(effects)
    if (violation !== undefined) return violation
    this.#lastCall = effects.calls.at(-1)?.call ?? this.#lastCall
    this.#calls += effects.calls.length
    this.#logBytes += logBytesOf(effects.logs)
    return undefined
  }

  /** The logs of a turn that did not end, unless they are more than they can be. */
  checkedLogs({ logs, logsDropped }: TurnLogs): TurnLogs | undefined {
    return this.#hasRoomFor(logs) ? { logs, logsDropped } : undefined
  }

  #violationIn({ calls, logs, end }: TurnEffects): string | undefined {
    let lastCall = this.#lastCall
    for (const { call } of calls) {
      if (call <= lastCall) return `call ${call} after call ${lastCall}`
      lastCall = call
    }
    if (this.#calls + calls.length > this.#limits.maxToolCalls) return 'more tool calls than allowed'
    if (!this.#hasRoomFor(logs)) return 'more console output than allowed'
    if (end?.ok === true) return violationInResult(end.result, this.#limits)
    return violationInDetails(end?.details) ?? violationInCauses(end)
  }

  #hasRoomFor(logs: TurnLogs['logs']): boolean {
    return this.#logBytes + logBytesOf(logs) <= this.#limits.logBytes + logSlackBytes
  }
}

function logBytesOf(logs: TurnLogs['logs']): number {
  return logs.reduce((sum, { text }) => sum + Buffer.byteLength(text) + logEntryBytes, 0)
}

function violationInDetails(details: JsonObject | undefined): string | undefined {
  if (details === undefined) return undefined
  try {
    const text = JSON.stringify(details)
    if (text.length > maxDetailsLength) return 'larger details than allowed'
    return nestingOf(text) > maxDetailsNesting ? 'deeper details than allowed' : undefined
  } catch {
    return 'deeper details than allowed'
  }
}

/** Their depth and count were bounded when they were parsed. */
function violationInCauses(end: TurnEffects['end']): string | undefined {
  if (end?.ok !== false) return undefined
  const { cause, errors } = end
  return JSON.stringify({ cause, errors }).length > maxCausesLength ? 'larger causes than allowed' : undefined
}

function violationInResult(text: string, { resultBytes }: ExecutionLimits): string | undefined {
  if (Buffer.byteLength(text) > resultBytes) return 'a larger result than allowed'
  try {
    JSON.parse(text)
    return nestingOf(text) > maxJsonNesting ? 'a result that is nested deeper than allowed' : undefined
  } catch {
    return 'a result that is not JSON'
  }
}
