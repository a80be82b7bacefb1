import { causeLimits, maxJsonNesting, type JsonObject, type TurnEffects } from '@codemode/shared'

import type { ExecutionLimits } from '../limits.ts'
import { nestingOf } from '../nesting.ts'

/** Bytes by which logs may exceed their limit: the guest runtime adds a note to a log entry that it truncates. */
const logSlackBytes = 1024

/** Maximum length of a failure's details as JSON text, in characters. The guest runtime never sends as much. */
const maxDetailsLength = 65_536
/** Maximum nesting of a failure's details. The guest runtime never sends as much. */
const maxDetailsNesting = 100
const detailsTooDeep = `the details are nested deeper than ${maxDetailsNesting} levels`

/**
 * Maximum length of a failure's causes as JSON text, in characters. Escaping may turn one character into six, and each
 * error adds the names of its fields.
 */
const maxCausesLength = 8 * causeLimits.totalLength
const causesTooLong = `the causes have more than ${maxCausesLength} characters`

/**
 * Bytes that a log entry counts in addition to its text, as in the guest's console, so that empty entries are not free.
 */
const logEntryBytes = 64

/** Logs and warnings of a turn. They are kept even if the turn did not complete. */
export type TurnLogs = Pick<TurnEffects, 'logs' | 'logsDropped' | 'warnings'>

/**
 * Account of the effects of one execution's turns, which are checked beyond their schema: against the limits, which hold
 * over all turns, and for ascending call numbers. The guest runtime obeys both, so a violation comes from a compromised
 * sandbox process.
 */
export class EffectsAccount {
  readonly #limits: ExecutionLimits
  #lastCall = 0
  #calls = 0
  #logBytes = 0

  constructor(limits: ExecutionLimits) {
    this.#limits = limits
  }

  /** Counts the effects of a turn. */
  add(effects: TurnEffects): void {
    this.#lastCall = effects.calls.at(-1)?.call ?? this.#lastCall
    this.#calls += effects.calls.length
    this.#logBytes += logBytesOf(effects.logs)
  }

  /** Returns the logs of a turn that did not complete; undefined if they exceed their limit. */
  checkedLogs({ logs, logsDropped, warnings }: TurnLogs): TurnLogs | undefined {
    return this.#hasRoomFor(logs) ? { logs, logsDropped, ...(warnings && { warnings }) } : undefined
  }

  /** Returns a description of the rule that the effects of the next turn violate; undefined if they violate none. */
  violationIn({ calls, logs, end }: TurnEffects): string | undefined {
    let lastCall = this.#lastCall
    for (const { call } of calls) {
      if (call <= lastCall) return `call number ${call} follows call number ${lastCall}`
      lastCall = call
    }
    if (this.#calls + calls.length > this.#limits.maxToolCalls)
      return `the execution made more than ${this.#limits.maxToolCalls} tool calls (maxToolCalls)`
    if (!this.#hasRoomFor(logs)) return `the console output has more than ${this.#limits.logBytes} bytes (logBytes)`
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
    if (text.length > maxDetailsLength) return `the details have more than ${maxDetailsLength} characters`
    return nestingOf(text) > maxDetailsNesting ? detailsTooDeep : undefined
  } catch {
    return detailsTooDeep
  }
}

/** Returns a description of causes that are too long. The schema has bounded their depth and number. */
function violationInCauses(end: TurnEffects['end']): string | undefined {
  if (end?.ok !== false) return undefined
  const { cause, errors } = end
  return JSON.stringify({ cause, errors }).length > maxCausesLength ? causesTooLong : undefined
}

function violationInResult(text: string, { resultBytes }: ExecutionLimits): string | undefined {
  if (Buffer.byteLength(text) > resultBytes) return `the result has more than ${resultBytes} bytes (resultBytes)`
  try {
    JSON.parse(text)
    return nestingOf(text) > maxJsonNesting ? `the result is nested deeper than ${maxJsonNesting} levels` : undefined
  } catch {
    return 'the result is not JSON'
  }
}
