import type { FailedExecution } from '../execution-result.ts'

/** What the handlers of this process threw, by the id of the call. */
export type HandlerErrors = ReadonlyMap<string, unknown>

/** Errors with their stacks are no part of a result, which is JSON; they are kept for as long as the result is. */
const kept = new WeakMap<FailedExecution, HandlerErrors>()

/** Keeps what handlers threw in an execution, for the error that its result becomes. */
export function keepHandlerErrors(result: FailedExecution, errors: HandlerErrors): void {
  if (errors.size > 0) kept.set(result, errors)
}

/** Returns what handlers threw in the execution of a result, as far as this process ran them. */
export function handlerErrorsOf(result: FailedExecution): HandlerErrors {
  return kept.get(result) ?? new Map()
}
