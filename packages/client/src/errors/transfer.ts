/**
 * Errors as they cross between threads, in both directions. Cloning an error loses its class and fields; this keeps
 * both, with the causes.
 */
import { inspect } from 'node:util'

import { CancelledError } from './cancelled-error.ts'
import { ConfigurationError } from './configuration-error.ts'
import { ExecutionError } from './execution-error.ts'
import { ExecutorClientError } from './executor-client-error.ts'
import { ExecutorConnectionError } from './executor-connection-error.ts'
import { ExecutorTimeoutError } from './executor-timeout-error.ts'
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

/** Whatever can be thrown, so that it can be sent to another thread. */
export type Crossing = CrossingError | { readonly kind?: never; readonly value: unknown }

export function sendError(error: unknown): Crossing {
  if (!(error instanceof Error)) return { value: isCloneable(error) ? error : inspect(error, { customInspect: false }) }
  const { name, message, stack, cause } = error
  return {
    kind: kindOf(error),
    name,
    message,
    stack,
    fields: Object.fromEntries(Object.entries(error).filter(([, value]) => isCloneable(value))),
    cause: cause === undefined ? undefined : sendError(cause),
    errors: error instanceof AggregateError ? error.errors.map(sendError) : undefined,
  }
}

/** The same again, of the same class; its stack goes on with the one of this thread. */
export function receiveError(crossing: Crossing): unknown {
  if (crossing.kind === undefined) return crossing.value
  const { kind, name, message, stack, fields, cause, errors } = crossing
  const options = cause === undefined ? {} : { cause: receiveError(cause) }
  const error = kind === 'DOMException' ? new DOMException(message, { name, ...options }) : new Error(message, options)
  const hidden = { configurable: true, writable: true }
  const here = error.stack?.split('\n').slice(1).join('\n')
  if (kind !== 'DOMException') Object.setPrototypeOf(error, prototypes[kind] ?? Error.prototype)
  Object.assign(error, fields)
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, ...hidden })
  if (errors !== undefined) Object.defineProperty(error, 'errors', { value: errors.map(receiveError), ...hidden })
  Object.defineProperty(error, 'stack', { value: [stack, here].join('\n'), ...hidden })
  return error
}

/** Its class, or the nearest one above it that is known here. */
function kindOf(error: Error): string {
  const kinds = Object.entries(prototypes)
  let prototype: unknown = Object.getPrototypeOf(error)
  while (prototype !== null) {
    const [kind] = kinds.find(([, known]) => known === prototype) ?? []
    if (kind !== undefined) return kind
    prototype = Object.getPrototypeOf(prototype)
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
