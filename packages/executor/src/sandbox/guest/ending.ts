import type { GuestFailureCode, PlacedMessage } from '../guest-boundary.ts'
import { defineHidden } from './define.ts'
import { truncate } from './truncate.ts'
import { describeFailure } from './failure.ts'
import { serialise } from './json.ts'
import { isError } from './kind-of.ts'
import type { HintOf } from './hints.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import type { RuntimeState } from './state.ts'
import { toolCallOf } from './tool-error.ts'
import type { TrackedCall } from './tool-warnings.ts'
import { utf8Length } from './utf8.ts'

/**
 * Maximum lengths of the texts of a failure, in UTF-16 units. The guest may choose any of these texts: a path has its
 * keys, a tool its name.
 */
const maxLength = { name: 256, message: 8_192, stack: 16_384, detail: 1_024, hint: 1_000 } as const

/** Ways in which the guest itself ends its execution. Only the first one has an effect. */
export interface Ending {
  /** Called when the main promise was fulfilled, with the warning to give if there is no value. */
  returned(value: unknown, noValue?: PlacedMessage): void
  /** Called when the main promise was rejected, or a callback threw. */
  threw(thrown: unknown): void
  /** Called when a buffer could not be allocated. */
  exhaustedMemory(): void
  /**
   * Called when a limit was exceeded or the code can't be run. Nothing that the guest does afterwards has an effect.
   */
  fail(code: GuestFailureCode, name: string, message: string, more: FailureFields): void
  /** Forgets the outcome of the step before. */
  begin(): void
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
  readonly code: GuestFailureCode | 'GUEST_ERROR'
  readonly name: string
  readonly message: string
  readonly more: FailureFields
  readonly thrown: Thrown
}

/** Parts of the runtime that add to an end. */
interface EndingHost {
  readonly hintOf: HintOf
  readonly watch: PromiseWatch
  /** Returns the mistakes that were found in the code before it ran. */
  readonly mistakes: () => readonly PlacedMessage[]
  /** Returns the tool calls of which the end may have to warn. */
  readonly callsAtEnd: () => readonly TrackedCall[]
  /** Returns the number of timers that wait. */
  readonly waitingTimers: () => number
}

/** Outcome of an execution, whose warnings are set last. */
interface WithWarnings {
  readonly ok: boolean
  warnings: object | undefined
}

/** Facts about the value of the code of which the end may have to warn. */
interface ValueFacts {
  readonly hasReturnedError: boolean
  readonly noValue: PlacedMessage | undefined
}

/** Maximum number of microtask ticks after the outcome in which discarded promises may be rejected. */
const maxTicks = 16

const noValueFacts: ValueFacts = { hasReturnedError: false, noValue: undefined }
const nothingThrown: Thrown = { call: undefined, cause: undefined, errors: undefined }

export function createEnding(
  p: Primordials,
  state: RuntimeState,
  { watch, mistakes, callsAtEnd, waitingTimers, hintOf }: EndingHost,
): Ending {
  // Outcome that is decided; the end follows when discarded promises have had time to be rejected.
  let decided: WithWarnings | undefined

  function end(outcome: object): void {
    if (state.ended) return
    // The outcome has no prototype: `JSON.stringify` looks up `toJSON` in every object, and user code may have added
    // one to `Object.prototype`.
    p.ReflectSetPrototypeOf(outcome, null)
    state.emit('end', p.JSONStringify(outcome)!)
    // Set only after the host has received the end: any of the calls above throws if the guest has used up its stack.
    state.ended = true
  }

  /** Ends after the microtasks that reject discarded promises, with the warnings that are known then. */
  function endWithWarnings(outcome: WithWarnings, value: ValueFacts, ticksLeft = maxTicks): void {
    if (ticksLeft > 0 && watch.hasPending()) {
      decided = outcome
      const settled = p.promiseResolve(undefined)
      // `then` looks up the promise's constructor, which user code may have replaced.
      defineHidden(p, settled, 'constructor', undefined)
      void p.promiseThen(settled, () => endWithWarnings(outcome, value, ticksLeft - 1))
      return
    }
    const rejections = watch.rejections()
    const calls = callsAtEnd()
    const found = mistakes()
    // What a step drops may be missed by a later one. Timers that wait at the end of an execution are no mistake.
    const timers = state.isStep ? waitingTimers() : 0
    const { hasReturnedError, noValue } = value
    if (hasReturnedError || noValue !== undefined || found.length + rejections.length + calls.length + timers > 0) {
      const namesOpenCalls = outcome.ok || state.isStep
      outcome.warnings = state.rare('endWarnings')(
        p,
        { hasEnded: true, namesOpenCalls, hasReturnedError, noValue, mistakes: found, rejections, calls, timers },
        { stackTraces: state.stackTraces, callOf: toolCallOf },
      )
    }
    end(outcome)
  }

  function fail(code: GuestFailureCode, name: string, message: string, more: FailureFields): void {
    // A limit that is reached after the outcome is decided ends the guest with that outcome at once.
    end(decided ?? failed({ code, name, message, more, thrown: nothingThrown }))
  }

  function failed({ code, name, message, more, thrown }: EndTexts): WithWarnings {
    const { details, stack, hint } = more
    return {
      ok: false,
      warnings: undefined,
      code,
      name: truncate(p, name, maxLength.name),
      message: truncate(p, message, maxLength.message),
      hint: hint === undefined ? undefined : truncate(p, hint, maxLength.hint),
      details: details === undefined ? undefined : truncateDetails(p, details),
      stack: stack === undefined ? undefined : truncate(p, stack, maxLength.stack),
      call: thrown.call,
      cause: thrown.cause,
      errors: thrown.errors,
    } as WithWarnings
  }

  function threw(thrown: unknown): void {
    if (decided !== undefined || state.ended) return
    const { name, message, stack, details, hint, call, cause, errors } = describeFailure(p, thrown, {
      rare: state.rare,
      hintOf,
    })
    const more = { details, stack, hint }
    endWithWarnings(failed({ code: 'GUEST_ERROR', name, message, more, thrown: { call, cause, errors } }), noValueFacts)
  }

  function returned(value: unknown, noValue: PlacedMessage | undefined): void {
    const result = serialise(p, value, state.rare)
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
      const details = { option: 'resultBytes', limitBytes: limit, sizeBytes: size }
      fail('RESULT_TOO_LARGE', 'RangeError', message, { details, stack: undefined, hint: undefined })
      return
    }
    endWithWarnings(
      { ok: true, warnings: undefined },
      { hasReturnedError: isError(p, value), noValue: value === undefined ? noValue : undefined },
    )
  }

  return {
    returned(value, noValue) {
      if (decided !== undefined || state.ended) return
      try {
        returned(value, noValue)
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
    begin() {
      decided = undefined
    },
  }
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
