import type { ErrorCause } from '@codemode/shared'

import { ToolError } from './tool-error.ts'

/** Function that returns the value that the handler of a call threw, if the handler ran in this process. */
type HandlerErrorOf = (call: number) => unknown

/**
 * Rebuilds an error from its description: a ToolError for a failed tool call, whose `cause` is the value that the
 * handler threw if it ran in this process; otherwise an AggregateError or Error of that name. The stack is the guest's.
 */
export function errorFromCause(description: ErrorCause, handlerErrorOf: HandlerErrorOf): Error {
  const { name, message, code, guestStack } = description
  const error = instanceFor(description, handlerErrorOf)
  if (error.name !== name) define(error, 'name', name)
  if (code !== undefined && !(error instanceof ToolError)) Object.assign(error, { code })
  define(error, 'stack', guestStack ?? `${name}: ${message}`)
  return error
}

/** Returns the `cause` for a failure: the value that the handler of the failed call threw, or the described cause. */
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
