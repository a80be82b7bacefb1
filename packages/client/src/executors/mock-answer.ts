import type { ExecutionFailure, ExecutionRequest, Json } from '@codemode/shared'

import { describeCauses, summaryOf } from '../errors/describe-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { nameOf } from '../errors/thrown.ts'
import { ToolError } from '../errors/tool-error.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'
import type { MockApproval } from './mock-approvals.ts'

/** Function that calls a tool of the request as the code would; it rejects with a ToolError when the call fails. */
export type MockToolCaller = (tool: string, input?: unknown) => Promise<Json>

/**
 * Value of an execution, or a function that makes it. An error of the function is a failure of the code, unless it is
 * an ExecutorClientError other than a ToolError, which rejects the run.
 */
export type MockResult = Json | ((request: ExecutionRequest, callTool: MockToolCaller) => Json | Promise<Json>)

/**
 * End of an execution: a value, a failure of the code (a `GUEST_ERROR` by default), an error that rejects the request, or
 * tool calls for whose approvals the execution is paused.
 */
export type MockAnswer =
  | { readonly result: MockResult }
  | { readonly error: Partial<ExecutionFailure> & { readonly message: string } }
  | { readonly reject: Error }
  | { readonly paused: readonly MockApproval[] }

/** Answer, with a matcher of the code that gets it: an exact text, a pattern, or a predicate. */
export type MockResponse = MockAnswer & { readonly code: string | RegExp | ((request: ExecutionRequest) => boolean) }

/** End of an execution of a mock that is not rejected. */
export type MockEnd =
  | { readonly value: Json }
  | { readonly failure: ExecutionFailure }
  | { readonly paused: readonly MockApproval[] }

/** Returns whether a value is a response: one matcher, and one end. */
export function isMockResponse(value: unknown): value is MockResponse {
  if (typeof value !== 'object' || value === null || !('code' in value)) return false
  const { code } = value
  const isMatcher = typeof code === 'string' || typeof code === 'function' || code instanceof RegExp
  return isMatcher && ['result', 'error', 'reject', 'paused'].filter((name) => name in value).length === 1
}

/** Returns whether a response is for the code of the request. */
export function matches({ code }: MockResponse, request: ExecutionRequest): boolean {
  if (typeof code === 'string') return request.code === code
  return typeof code === 'function' ? code(request) : request.code.search(code) >= 0
}

/**
 * Makes the end of an execution from its answer. Rejects with an ExecutorClientError other than a ToolError that the
 * function of the answer throws.
 */
export async function endOf(
  answer: Exclude<MockAnswer, { reject: Error }>,
  request: ExecutionRequest,
  callTool: MockToolCaller,
): Promise<MockEnd> {
  if ('error' in answer) return { failure: guestFailure(answer.error) }
  if ('paused' in answer) return answer
  const { result } = answer
  try {
    return { value: toJson(typeof result === 'function' ? await result(request, callTool) : result) }
  } catch (error) {
    if (error instanceof NotJsonError) {
      const { pathText: path, message: reason, hint } = error
      const message = `The result${path === '' ? '' : ` at ${path}`} ${reason}`
      const code = 'RESULT_NOT_SERIALIZABLE'
      return { failure: guestFailure({ code, name: 'TypeError', message, details: { path }, hint }) }
    }
    if (error instanceof ToolError) {
      const details = { code: error.code, ...(error.tool !== undefined && { tool: error.tool }) }
      return { failure: guestFailure({ name: error.name, message: error.message, details }) }
    }
    if (error instanceof ExecutorClientError) throw error
    const failure = { name: nameOf(error), message: summaryOf(error), ...describeCauses(error) }
    return { failure: guestFailure(failure) }
  }
}

function guestFailure(failure: Partial<ExecutionFailure> & { readonly message: string }): ExecutionFailure {
  return { code: 'GUEST_ERROR', name: 'Error', retryable: false, ...failure }
}
