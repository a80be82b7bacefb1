import type { ErrorCause } from '@codemode/shared'

import { ToolError } from './tool-error.ts'

/** Returns what the handler of a call threw, if this process knows. */
type HandlerErrorOf = (call: number) => unknown

/**
 * Makes an error again from its description: a ToolError for a failed call, with what the handler threw as its `cause` where
 * this process knows; else an AggregateError or Error with that name. Its stack is the guest's.
 */
export function errorFromCause(description: ErrorCause, handlerErrorOf: HandlerErrorOf): Error {
  const { name, message, code, guestStack } = description
  const error = instanceFor(description, handlerErrorOf)
  if (error.name !== name) define(error, 'name', name)
  if (code !== undefined && !(error instanceof ToolError)) Object.assign(error, { code })
  define(error, 'stack', guestStack ?? `${name}: ${message}`)
  return error
}

/** Returns the `cause` for a failure that a call may have caused. */
export function causeFor({ call, cause }: Pick<ErrorCause, 'call' | 'cause'>, handlerErrorOf: HandlerErrorOf): unknown {
  const thrown = call === undefined ? undefined : handlerErrorOf(call)
  return thrown ?? (cause && errorFromCause(cause, handlerErrorOf))
}

function instanceFor(description: ErrorCause, handlerErrorOf: HandlerErrorOf): Error {
  const { message, code, tool, retryable } = description
  const cause = causeFor(description, handlerErrorOf)
  const options = cause === undefined ? {} : { cause }
  const errors = description.errors?.map((each) => errorFromCause(each, handlerErrorOf))
  if (tool === undefined) return errors ? new AggregateError(errors, message, options) : new Error(message, options)
  const error = new ToolError(message, {
    tool,
    ...(code !== undefined && { code }),
    ...(retryable !== undefined && { retryable }),
    ...options,
  })
  if (errors !== undefined) define(error, 'errors', errors)
  return error
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false })
}
