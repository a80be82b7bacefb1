import type { FailedExecution } from '../run/execution-result.ts'

/** Values that tool handlers of this process threw, by call id. */
export type HandlerErrors = ReadonlyMap<string, unknown>

/** Handler errors by result, for the lifetime of the result. They are not part of it, since a result is JSON. */
const kept = new WeakMap<FailedExecution, HandlerErrors>()

/** Keeps the values that handlers threw in an execution, for the error that is made from its result. */
export function keepHandlerErrors(result: FailedExecution, errors: HandlerErrors): void {
  if (errors.size > 0) kept.set(result, errors)
}

/** Returns the values that handlers of this process threw in the execution of a result. */
export function handlerErrorsOf(result: FailedExecution): HandlerErrors {
  return kept.get(result) ?? new Map()
}
