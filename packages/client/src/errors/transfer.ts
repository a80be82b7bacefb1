/**
 * Errors as they cross between threads, in both directions. Cloning an error loses its class and fields; this keeps
 * both, with the causes.
 */
import { inspect } from 'node:util'

import { causeLimits } from '@codemode/shared'

import { CancelledError } from './cancelled-error.ts'
import { ConfigurationError } from './configuration-error.ts'
import { ExecutionError } from './execution-error.ts'
import { ExecutorClientError } from './executor-client-error.ts'
import { ExecutorConnectionError } from './executor-connection-error.ts'
import { ExecutorTimeoutError } from './executor-timeout-error.ts'
import { errorsOf, fieldOf, isError, messageOf, nameOf, showValue } from './thrown.ts'
import { ToolError } from './tool-error.ts'

const prototypes: Readonly<Record<string, Error>> = Object.fromEntries(
  Object.entries({
    CancelledError,
    ConfigurationError,
    ExecutionError,
    ExecutorClientError,
    ExecutorConnectionError,
    ExecutorTimeoutError,
    ToolError,
    AggregateError,
    DOMException,
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  }).map(([kind, { prototype }]) => [kind, prototype]),
)

interface CrossingError {
  readonly kind: string
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** The fields that can be cloned. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause: Crossing | undefined
  readonly errors: readonly Crossing[] | undefined
}

/** Whatever can be thrown, as it can be sent to another thread. */
export type Crossing = CrossingError | { readonly kind?: never; readonly value: unknown }

/** Returns what was thrown so that it can be sent. Causes and inner errors go along within `causeLimits`; a cycle ends there. */
export function sendError(thrown: unknown): Crossing {
  let errorsLeft: number = causeLimits.errors

  function send(value: unknown, ancestors: readonly unknown[]): Crossing {
    errorsLeft -= 1
    if (!isError(value)) return { value: isCloneable(value) ? value : inspected(value) }
    const inside = [...ancestors, value]
    const canAdd = (inner: unknown): boolean =>
      errorsLeft > 0 && inside.length <= causeLimits.depth && !inside.includes(inner)
    const stack = fieldOf(value, 'stack')
    const cause = fieldOf(value, 'cause')
    return {
      kind: kindOf(value),
      name: nameOf(value),
      message: textOf(value),
      stack: typeof stack === 'string' ? stack : undefined,
      fields: cloneableFields(value),
      cause: cause !== undefined && canAdd(cause) ? send(cause, inside) : undefined,
      errors: errorsOf(value)?.first.flatMap((inner) => (canAdd(inner) ? send(inner, inside) : [])),
    }
  }

  return send(thrown, [])
}

/** Makes the error again, of the same class; its stack goes on with the one of this thread. */
export function receiveError(crossing: Crossing): unknown {
  if (crossing.kind === undefined) return crossing.value
  const { kind, name, message, stack, fields, cause, errors } = crossing
  const error = kind === 'DOMException' ? new DOMException(message, { name }) : new Error(message)
  const here = error.stack?.split('\n').slice(1).join('\n')
  if (kind !== 'DOMException') Object.setPrototypeOf(error, prototypes[kind] ?? Error.prototype)
  Object.assign(error, fields)
  const put = (key: string, value: unknown): void => {
    const enumerable = Object.hasOwn(fields, key)
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
  }
  if (error.name !== name) put('name', name)
  if (cause !== undefined) put('cause', receiveError(cause))
  if (errors !== undefined) put('errors', errors.map(receiveError))
  put('stack', [stack, here].join('\n'))
  return error
}

/** The message even where it is empty; as text where it is none. */
function textOf(error: Error): string {
  const message = fieldOf(error, 'message')
  return typeof message === 'string' ? message : (messageOf(error) ?? '')
}

/** The own fields that can be cloned. Causes and inner errors cross by themselves; fields that hold them keep their place. */
function cloneableFields(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  try {
    for (const key of Object.keys(error)) {
      const value = key === 'cause' || (key === 'errors' && errorsOf(error)) ? undefined : fieldOf(error, key)
      if (isCloneable(value)) Object.defineProperty(fields, key, { value, enumerable: true })
    }
  } catch {
    // Of a proxy whose traps throw there are none.
  }
  return fields
}

function inspected(value: unknown): string {
  try {
    return inspect(value, { customInspect: false })
  } catch {
    return showValue(value)
  }
}

/** Returns the name of the error's class, or of the nearest one above it that is known here. */
function kindOf(error: Error): string {
  const kinds = Object.entries(prototypes)
  try {
    let prototype: unknown = Object.getPrototypeOf(error)
    for (let steps = 0; prototype !== null && steps < 100; steps += 1) {
      const [kind] = kinds.find(([, known]) => known === prototype) ?? []
      if (kind !== undefined) return kind
      prototype = Object.getPrototypeOf(prototype)
    }
  } catch {
    // A proxy's trap.
  }
  return 'Error'
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
