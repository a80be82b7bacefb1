/**
 * Transfer of errors between threads, in both directions. Structured cloning of an error loses its class and fields;
 * this module keeps both, and the causes.
 */
import { inspect } from 'node:util'

import { causeLimits } from '@codemode/shared'

import { ApprovalPendingError } from './approval-pending-error.ts'
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
    ApprovalPendingError,
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

interface SerializedError {
  readonly kind: string
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Own fields that can be cloned. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause: SerializedThrown | undefined
  readonly errors: readonly SerializedThrown[] | undefined
}

/** Thrown value in a form that can be sent to another thread. */
export type SerializedThrown = SerializedError | { readonly kind?: never; readonly value: unknown }

/** Returns a thrown value in a form that can be sent, with causes and inner errors within `causeLimits`, cycles cut. */
export function serializeError(thrown: unknown): SerializedThrown {
  let errorsLeft: number = causeLimits.errors

  function serialize(value: unknown, ancestors: readonly unknown[]): SerializedThrown {
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
      cause: cause !== undefined && canAdd(cause) ? serialize(cause, inside) : undefined,
      errors: errorsOf(value)?.first.flatMap((inner) => (canAdd(inner) ? serialize(inner, inside) : [])),
    }
  }

  return serialize(thrown, [])
}

/** Rebuilds a sent error, with the same class. Appends the stack of this thread to its stack. */
export function deserializeError(serialized: SerializedThrown): unknown {
  if (serialized.kind === undefined) return serialized.value
  const { kind, name, message, stack, fields, cause, errors } = serialized
  const error = kind === 'DOMException' ? new DOMException(message, { name }) : new Error(message)
  const here = error.stack?.split('\n').slice(1).join('\n')
  if (kind !== 'DOMException') Object.setPrototypeOf(error, prototypes[kind] ?? Error.prototype)
  Object.assign(error, fields)
  const put = (key: string, value: unknown): void => {
    const enumerable = Object.hasOwn(fields, key)
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
  }
  if (error.name !== name) put('name', name)
  if (cause !== undefined) put('cause', deserializeError(cause))
  if (errors !== undefined) put('errors', errors.map(deserializeError))
  put('stack', [stack, here].join('\n'))
  return error
}

/** Returns the message of an error, also if it is empty; as text if it is of another type. */
function textOf(error: Error): string {
  const message = fieldOf(error, 'message')
  return typeof message === 'string' ? message : (messageOf(error) ?? '')
}

/**
 * Returns the own fields that can be cloned. Causes and inner errors are sent separately; their fields stay as
 * `undefined`, so that they remain enumerable and in order.
 */
function cloneableFields(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  try {
    for (const key of Object.keys(error)) {
      const value = key === 'cause' || (key === 'errors' && errorsOf(error)) ? undefined : fieldOf(error, key)
      if (isCloneable(value)) Object.defineProperty(fields, key, { value, enumerable: true })
    }
  } catch {
    // A proxy whose traps throw has no readable fields.
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

/** Returns the name of the error's class, or of its nearest superclass that is known here. */
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
    // A proxy whose traps throw counts as a plain Error.
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
