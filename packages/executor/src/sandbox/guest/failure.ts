import type { Primordials } from './primordials.ts'
import { toolErrorDetails } from './tool-error.ts'

/** What is told of something that user code threw. All of it is own, lest what is missing be found in `Object.prototype`. */
interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly details: object | undefined
}

/**
 * Describes whatever was thrown: an error, a string, `null`, a proxy whose getters throw. It runs within the turn's CPU
 * budget, so a getter that never returns is a CPU timeout and nothing else.
 */
export function describeFailure(p: Primordials, thrown: unknown): Failure {
  if (typeof thrown !== 'object' || thrown === null) {
    const message = `${typeof thrown === 'string' ? '' : 'thrown: '}${asText(p, thrown)}`
    return { name: 'Error', message, stack: undefined, details: undefined }
  }
  const name = readText(p, thrown, 'name') ?? 'Error'
  const message = readText(p, thrown, 'message') ?? `thrown: ${asText(p, thrown)}`
  const stack = readText(p, thrown, 'stack')
  return { name, message: withHint(p, name, message), stack, details: toolErrorDetails(p, thrown) }
}

function readText(p: Primordials, thrown: object, key: string): string | undefined {
  try {
    const value: unknown = p.ReflectGet(thrown, key)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function asText(p: Primordials, value: unknown): string {
  try {
    if (typeof value === 'object' || typeof value === 'function') return p.JSONStringify(value) ?? 'a function'
    return p.String(value)
  } catch {
    return 'a value that can not be shown'
  }
}

/** Names of other environments that models reach for, and what there is instead. */
const hints = {
  __proto__: null,
  fetch: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  XMLHttpRequest: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  WebSocket: 'The sandbox has no network. Call a tool instead: await tools.<name>(input).',
  require: 'There are no modules in the sandbox. The language, Intl and URL are here; for the rest call a tool.',
  module: 'There are no modules in the sandbox. End with `return value` instead of exporting it.',
  exports: 'There are no modules in the sandbox. End with `return value` instead of exporting it.',
  process: 'There is no process in the sandbox. What the host passes in is in `input`, `context` and `config`.',
  Buffer: 'There is no Buffer in the sandbox. Use Uint8Array, TextEncoder, TextDecoder, atob and btoa.',
  setImmediate: 'Use setTimeout or queueMicrotask.',
} as unknown as Readonly<Record<string, string | undefined>>

function withHint(p: Primordials, name: string, message: string): string {
  const ending = ' is not defined'
  if (name !== 'ReferenceError' || !p.stringEndsWith(message, ending)) return message
  const hint = hints[p.stringSlice(message, 0, message.length - ending.length)]
  return hint === undefined ? message : `${message}. ${hint}`
}
