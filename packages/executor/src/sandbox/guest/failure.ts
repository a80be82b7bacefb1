import { describeCauses } from './error-causes.ts'
import type { Primordials } from './primordials.ts'
import { messageOf, readText } from './thrown.ts'
import { toolCallOf, toolErrorDetails } from './tool-error.ts'

/**
 * Description of a value that user code threw. All properties are own, so that a missing one is never found in
 * `Object.prototype`.
 */
interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly details: object | undefined
  readonly hint: string | undefined
  /** Number of the tool call that failed with this error. */
  readonly call: number | undefined
  /** Described causes and inner errors. */
  readonly cause: unknown
  readonly errors: unknown
}

/**
 * Describes any thrown value: an error, a string, `null`, a proxy whose getters throw. It runs within the turn's CPU
 * budget, so a getter that never returns causes a CPU timeout and nothing else.
 */
export function describeFailure(p: Primordials, thrown: unknown): Failure {
  const message = messageOf(p, thrown, 'thrown: ')
  if (typeof thrown !== 'object' || thrown === null) {
    return {
      name: 'Error',
      message,
      stack: undefined,
      details: undefined,
      hint: undefined,
      call: undefined,
      cause: undefined,
      errors: undefined,
    }
  }
  const name = readText(p, thrown, 'name') ?? 'Error'
  const { cause, errors } = describeCauses(p, thrown)
  return {
    name,
    message,
    stack: readText(p, thrown, 'stack'),
    details: toolErrorDetails(p, thrown),
    hint: hintFor(p, name, message),
    call: toolCallOf(p, thrown)?.call,
    cause,
    errors,
  }
}

/** Hints for names that exist in other environments only and that models use, with the alternatives. */
const hints = {
  __proto__: null,
  fetch: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  XMLHttpRequest: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  WebSocket: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  require:
    "There are no modules in the sandbox. JavaScript's builtins, Intl and URL are available; for the rest call a tool.",
  module: 'There are no modules in the sandbox. End with `return value` instead of exporting it.',
  exports: 'There are no modules in the sandbox. End with `return value` instead of exporting it.',
  process: 'There is no process in the sandbox. The values that the host passes are `input`, `context` and `config`.',
  Buffer: 'There is no Buffer in the sandbox. Use Uint8Array, TextEncoder, TextDecoder, atob and btoa.',
  setImmediate: 'Use setTimeout or queueMicrotask.',
} as unknown as Readonly<Record<string, string | undefined>>

function hintFor(p: Primordials, name: string, message: string): string | undefined {
  const ending = ' is not defined'
  if (name !== 'ReferenceError' || !p.stringEndsWith(message, ending)) return undefined
  return hints[p.stringSlice(message, 0, message.length - ending.length)]
}
