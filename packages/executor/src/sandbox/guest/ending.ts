import { truncate } from './truncate.ts'
import { describeFailure } from './failure.ts'
import { serialise } from './json.ts'
import { isError } from './not-json.ts'
import type { Primordials } from './primordials.ts'
import type { RuntimeState } from './state.ts'
import { utf8Length } from './utf8.ts'

/**
 * Maximum lengths of the texts of a failure, in UTF-16 units. The guest may choose any of these texts: a path has its
 * keys, a tool its name.
 */
const maxLength = { name: 256, message: 8_192, stack: 16_384, detail: 1_024, hint: 1_000 } as const

/** Ways in which the guest itself ends its execution. Only the first one has an effect. */
export interface Ending {
  /** Called when the main promise was fulfilled. */
  returned(value: unknown): void
  /** Called when the main promise was rejected, or a callback threw. */
  threw(thrown: unknown): void
  /** Called when a buffer could not be allocated. */
  exhaustedMemory(): void
  /**
   * Called when a limit was exceeded or the code can't be run. Nothing that the guest does afterwards has an effect.
   */
  fail(code: string, name: string, message: string, more: FailureFields): void
}

/**
 * Further fields of a failure. All of them are own properties, so that a missing one is never found in
 * `Object.prototype`.
 */
export interface FailureFields {
  readonly details: object | undefined
  readonly stack: string | undefined
  /** Sentence on the likely correction; it is not part of the message. */
  readonly hint: string | undefined
}

/** Further own properties of a failure; undefined ones are left out of its JSON. */
interface Thrown {
  readonly call: number | undefined
  readonly cause: unknown
  readonly errors: unknown
}

interface EndTexts {
  readonly code: string
  readonly name: string
  readonly message: string
  readonly more: FailureFields
  readonly thrown: Thrown
}

const nothingThrown: Thrown = { call: undefined, cause: undefined, errors: undefined }

export function createEnding(
  p: Primordials,
  state: RuntimeState,
  warn: (text: string) => void,
  openCalls: () => readonly string[],
): Ending {
  function end(outcome: object): void {
    if (state.ended) return
    warnAboutOpenCalls()
    // The outcome has no prototype: `JSON.stringify` looks up `toJSON` in every object, and user code may have added
    // one to `Object.prototype`.
    p.ReflectSetPrototypeOf(outcome, null)
    state.emit('end', p.JSONStringify(outcome)!)
    // Set only after the host has received the end: any of the calls above throws if the guest has used up its stack.
    state.ended = true
  }

  function warnAboutOpenCalls(): void {
    const open = openCalls()
    if (open.length === 0) return
    const names = p.arrayJoin(p.arraySlice(open, 0, 10), ', ')
    const more = open.length > 10 ? ` and ${open.length - 10} more` : ''
    warn(`The execution ended while tool calls were open; they are cancelled: ${names}${more}. Is an await missing?`)
  }

  function fail(code: string, name: string, message: string, more: FailureFields): void {
    endWith({ code, name, message, more, thrown: nothingThrown })
  }

  function endWith({ code, name, message, more, thrown }: EndTexts): void {
    const { details, stack, hint } = more
    end({
      ok: false,
      code,
      name: truncate(p, name, maxLength.name),
      message: truncate(p, message, maxLength.message),
      hint: hint === undefined ? undefined : truncate(p, hint, maxLength.hint),
      details: details === undefined ? undefined : truncateDetails(p, details),
      stack: stack === undefined ? undefined : truncate(p, stack, maxLength.stack),
      call: thrown.call,
      cause: thrown.cause,
      errors: thrown.errors,
    })
  }

  function threw(thrown: unknown): void {
    const { name, message, stack, details, hint, call, cause, errors } = describeFailure(p, thrown)
    endWith({ code: 'GUEST_ERROR', name, message, more: { details, stack, hint }, thrown: { call, cause, errors } })
  }

  function returned(value: unknown): void {
    const result = serialise(p, value)
    if (!result.ok) {
      const { path, reason, hint } = result
      const place = path === '' ? 'The result' : `The result at ${path}`
      fail('RESULT_NOT_SERIALIZABLE', 'TypeError', `${place} ${reason}`, {
        details: { path },
        stack: undefined,
        hint,
      })
      return
    }
    const limit = state.limits.resultBytes
    const { text } = result
    // A text that may fit is given to the host, which counts faster.
    const size = text.length > limit ? utf8Length(p, text) : state.emit('result', text)
    if (size > limit) {
      const message = `The result has ${size} bytes as JSON; the limit is ${limit} (resultBytes). Return less.`
      const details = { limit: 'resultBytes', limitBytes: limit, sizeBytes: size }
      fail('RESULT_TOO_LARGE', 'RangeError', message, { details, stack: undefined, hint: undefined })
      return
    }
    end(isError(p, value) ? { ok: true, warnings: warningsOf(p, 'ERROR_RETURNED', errorReturned) } : { ok: true })
  }

  return {
    returned(value) {
      try {
        returned(value)
      } catch (thrown) {
        threw(thrown)
      }
    },
    threw,
    exhaustedMemory() {
      const limitMb = state.limits.memoryLimitMb
      const message = `The code used more than ${limitMb} MiB of memory (memoryLimitMb). Keep less data in memory, or raise memoryLimitMb.`
      const details = { limitMb, option: 'memoryLimitMb' }
      fail('MEMORY_LIMIT', 'RangeError', message, { details, stack: undefined, hint: undefined })
    },
    fail,
  }
}

const errorReturned =
  'The value of the code is an Error. It is delivered as data: its name, message and fields, without its stack. ' +
  'To fail the execution, throw it.'

/** Returns a list of one warning. Nothing in it has a prototype, for the same reason as in `end`. */
function warningsOf(p: Primordials, code: string, message: string): object {
  const warnings = [{ __proto__: null, code, message }]
  p.ReflectSetPrototypeOf(warnings, null)
  return warnings
}

/** Returns a copy of the details with cut texts and without a prototype, for the same reason as in `end`. */
function truncateDetails(p: Primordials, details: object): object {
  const copy = p.ObjectCreate(null) as Record<string, unknown>
  const keys = p.ObjectKeys(details)
  for (let i = 0; i < keys.length; i++) {
    const value = (details as Record<string, unknown>)[keys[i]!]
    copy[keys[i]!] = typeof value === 'string' ? truncate(p, value, maxLength.detail) : value
  }
  return copy
}
