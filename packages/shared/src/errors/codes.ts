/**
 * Place where a code appears: an HTTP error, the result of an execution, the answer to a tool call, or only the client.
 */
type CodeKind = 'request' | 'execution' | 'tool' | 'client'

/** Row of the table of error codes. */
interface CodeProperties {
  readonly kinds: readonly CodeKind[]
  /** Status of the HTTP response that carries it: 200 for failed executions and tool calls, 0 for client errors. */
  readonly httpStatus: number
  /** Whether the same request, unchanged, may succeed later. */
  readonly retryable: boolean
  /** The one situation that the code stands for, as a sentence. */
  readonly meaning: string
}

const request = (httpStatus: number, meaning: string) =>
  ({ kinds: ['request'], httpStatus, retryable: httpStatus === 429 || httpStatus === 503, meaning }) as const
const execution = (meaning: string, { retryable = false } = {}) =>
  ({ kinds: ['execution'], httpStatus: 200, retryable, meaning }) as const
const toolCall = (meaning: string, { retryable = false } = {}) =>
  ({ kinds: ['tool'], httpStatus: 200, retryable, meaning }) as const
const client = (meaning: string, { retryable = false } = {}) =>
  ({ kinds: ['client'], httpStatus: 0, retryable, meaning }) as const

/** All error codes, each with its kinds, its HTTP status, whether a retry may help, and its meaning. */
export const errorCodes = {
  INVALID_REQUEST: request(400, 'The request is malformed, or a value in it is not allowed.'),
  UNAUTHORIZED: request(401, 'The request has no API key, or one that is unknown or has expired.'),
  FORBIDDEN: request(403, 'The credentials of the request do not permit the operation.'),
  CALLBACK_FORBIDDEN: request(403, 'The executor may not send requests to the origin of the callback or notify URL.'),
  NOT_FOUND: request(404, 'Nothing that the tenant may access exists at the path.'),
  APPROVAL_CONFLICT: request(409, 'The tool call does not wait for this approval or this answer.'),
  EXECUTION_SERVED: request(409, 'Another client serves the tool calls of the execution.'),
  IDEMPOTENCY_CONFLICT: request(409, 'The id belongs to an execution of another request.'),
  EXECUTION_ENDED: request(409, 'The execution has ended, so it cannot be continued.'),
  OUTCOME_AMBIGUOUS: request(409, 'An earlier attempt may have run the code, and its outcome cannot be determined.'),
  RESULT_GONE: request(410, 'The execution with this id has ended, and its result is no longer kept.'),
  SESSION_EXPIRED: request(410, 'The session has expired, was deleted, or was lost with its executor.'),
  SESSION_FULL: request(409, 'The session has reached one of its limits, which the message names.'),
  PAYLOAD_TOO_LARGE: request(413, 'The body of the request, or a value in it, exceeds its size limit.'),
  RATE_LIMITED: request(429, 'The API key has reached one of its limits, which the message names.'),
  INTERNAL: {
    kinds: ['request', 'execution'],
    httpStatus: 500,
    retryable: false,
    meaning: 'The executor failed because of a bug; its log has the details under the correlation id.',
  },
  STORE_DISABLED: request(501, 'The request needs a store, and the executor has none.'),
  STORE_UNAVAILABLE: request(503, 'The store does not answer in time, so the request has no effect or an unknown one.'),
  OVERLOADED: request(503, 'A queue for executions is full, or no sandbox process is ready.'),
  QUEUE_TIMEOUT: request(503, 'The execution was not admitted within its queue timeout.'),
  SHUTTING_DOWN: request(503, 'The executor is shutting down and accepts no executions.'),

  SYNTAX_ERROR: execution('The code cannot be parsed.'),
  SESSION_FROZEN: execution('An earlier step has made the global object of the session, or a variable, unchangeable.'),
  GUEST_ERROR: execution('The code threw a value or rejected with one.'),
  RESULT_NOT_SERIALIZABLE: execution('The value that the code returned cannot be represented as JSON.'),
  RESULT_TOO_LARGE: execution('The value that the code returned exceeds its size limit.'),
  CPU_TIMEOUT: execution('The code used more CPU time than its limit.'),
  EXECUTION_TIMEOUT: execution('The execution did not end within its limit of wall time.'),
  NEVER_SETTLES: execution('The code waits for a promise that nothing can settle.'),
  MEMORY_LIMIT: execution('The code used more memory than its limit.'),
  SANDBOX_CRASHED: execution('The sandbox process crashed or violated its protocol while it ran the code.', {
    retryable: true,
  }),
  TOO_MANY_TOOL_CALLS: execution('The code made more tool calls than its limit.'),
  TOO_MANY_TIMERS: execution('The code had more timers at once than the limit.'),
  JOURNAL_TOO_LARGE: execution('The journal of the execution exceeds its size limit.'),
  APPROVAL_REJECTED: execution('A person rejected a tool call and ended the execution.'),
  CANCELLED: execution('The execution was cancelled.'),
  REPLAY_DIVERGED: execution('The code behaved differently in a replay than its journal records.'),
  RUNTIME_UNAVAILABLE: execution('The guest runtime that wrote the journal of the execution is not available.'),

  TOOL_NOT_ALLOWED: toolCall('The execution has no tool with this name.'),
  TOOL_INPUT_INVALID: toolCall('The input of the call is not valid for the tool.'),
  TOOL_INPUT_TOO_LARGE: toolCall('The input of the call exceeds its size limit.'),
  TOOL_OUTPUT_INVALID: toolCall('The output of the handler is not valid for the tool.'),
  TOOL_OUTPUT_TOO_LARGE: toolCall('The output of the handler exceeds its size limit.'),
  TOOL_TIMEOUT: toolCall('The call was not answered within its timeout.', { retryable: true }),
  TOOL_UNAVAILABLE: toolCall('The tool server was not reached or gave no valid answer.', { retryable: true }),
  TOOL_REJECTED: toolCall('A person rejected the call.'),
  APPROVAL_EXPIRED: toolCall('The call was not approved in time.'),
  APPROVAL_UNAVAILABLE: toolCall('The call needs an approval, and nobody can give one in this execution.'),
  TOOL_CALL_CONFLICT: toolCall('The tool server knows the id of the call with another tool or input.'),
  TOOL_CANCELLED: toolCall('The call was cancelled.'),
  TOOL_ERROR: toolCall('The handler of the tool threw an error without a code.'),

  CONNECTION_FAILED: client('The executor was not reached.', { retryable: true }),
  REQUEST_TIMEOUT: client('The request was not answered within its timeout.', { retryable: true }),
  APPROVAL_PENDING: client('The execution waits for an approval.'),
  WAIT_TIMEOUT: client('The execution did not end within the timeout of the wait.', { retryable: true }),
  INVALID_RESPONSE: client('The response is not one that an executor of this version sends.'),
  CLIENT_CLOSED: client('The client was closed.'),
  GUEST_WARNINGS: client('The code succeeded with warnings, and warningsAsErrors is set.'),
  CONFIGURATION_INVALID: client('The configuration of the client is not valid.'),
} as const satisfies Record<string, CodeProperties>

/** Error code of any kind. */
export type ErrorCode = keyof typeof errorCodes

/** Returns whether a value is a code of Codemode, and not one that a tool has made up. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code)
}

type CodeOfKind<Kind extends CodeKind> = {
  [Code in ErrorCode]: Kind extends (typeof errorCodes)[Code]['kinds'][number] ? Code : never
}[ErrorCode]

/** Error code in an HTTP error body. */
export type RequestErrorCode = CodeOfKind<'request'>
/** Error code in the result of a failed execution. */
export type ExecutionErrorCode = CodeOfKind<'execution'>
/** Error code that guest code gets as `ToolError.code`, unless the handler's error has a code of its own. */
export type ToolErrorCode = CodeOfKind<'tool'>

/** Returns the codes of one kind, in the order of the table. */
export function codesOfKind<Kind extends CodeKind>(kind: Kind): [CodeOfKind<Kind>, ...CodeOfKind<Kind>[]] {
  const rows: [string, CodeProperties][] = Object.entries(errorCodes)
  return rows.flatMap(([code, { kinds }]) => (kinds.includes(kind) ? [code] : [])) as never
}
