/** Row of the table of error codes. */
interface CodeProperties {
  /** Place where the code appears: an HTTP error, an execution's result, a tool's answer, or only the client. */
  readonly kind: 'request' | 'execution' | 'tool' | 'client'
  /** Status of the HTTP response that carries it: 200 for failed executions and tool calls, 0 for client errors. */
  readonly httpStatus: number
  /** Whether the same request, unchanged, may succeed later. */
  readonly retryable: boolean
}

const request = (httpStatus: number, retryable = false) => ({ kind: 'request', httpStatus, retryable }) as const
const execution = (retryable = false) => ({ kind: 'execution', httpStatus: 200, retryable }) as const
const toolCall = (retryable = false) => ({ kind: 'tool', httpStatus: 200, retryable }) as const
const client = (retryable = false) => ({ kind: 'client', httpStatus: 0, retryable }) as const

/** All error codes, each with its kind, its HTTP status and whether a retry may help. */
export const errorCodes = {
  INVALID_REQUEST: request(400),
  UNAUTHORIZED: request(401),
  FORBIDDEN: request(403),
  CALLBACK_FORBIDDEN: request(403),
  NOT_FOUND: request(404),
  IDEMPOTENCY_CONFLICT: request(409),
  OUTCOME_AMBIGUOUS: request(409),
  EVENTS_GONE: request(410),
  SESSION_EXPIRED: request(410),
  PAYLOAD_TOO_LARGE: request(413),
  RATE_LIMITED: request(429, true),
  INTERNAL: request(500),
  STORE_DISABLED: request(501),
  OVERLOADED: request(503, true),
  QUEUE_TIMEOUT: request(503, true),
  SHUTTING_DOWN: request(503, true),

  SYNTAX_ERROR: execution(),
  GUEST_ERROR: execution(),
  RESULT_NOT_SERIALIZABLE: execution(),
  RESULT_TOO_LARGE: execution(),
  CPU_TIMEOUT: execution(),
  EXECUTION_TIMEOUT: execution(),
  NEVER_SETTLES: execution(),
  MEMORY_LIMIT: execution(),
  SANDBOX_CRASHED: execution(true),
  TOO_MANY_TOOL_CALLS: execution(),
  TOO_MANY_TIMERS: execution(),
  JOURNAL_TOO_LARGE: execution(),
  APPROVAL_EXPIRED: execution(),
  CANCELLED: execution(),
  REPLAY_DIVERGED: execution(),

  TOOL_NOT_ALLOWED: toolCall(),
  TOOL_INPUT_INVALID: toolCall(),
  TOOL_INPUT_TOO_LARGE: toolCall(),
  TOOL_OUTPUT_INVALID: toolCall(),
  TOOL_OUTPUT_TOO_LARGE: toolCall(),
  TOOL_TIMEOUT: toolCall(true),
  TOOL_UNAVAILABLE: toolCall(true),
  TOOL_REJECTED: toolCall(),
  TOOL_CALL_CONFLICT: toolCall(),
  TOOL_CANCELLED: toolCall(),
  TOOL_ERROR: toolCall(),

  CONNECTION_FAILED: client(true),
  REQUEST_TIMEOUT: client(true),
  WAIT_TIMEOUT: client(true),
  CLIENT_CLOSED: client(),
  CONFIGURATION_INVALID: client(),
} as const satisfies Record<string, CodeProperties>

/** Error code of any of the four kinds. */
export type ErrorCode = keyof typeof errorCodes

type CodeOfKind<Kind extends CodeProperties['kind']> = {
  [Code in ErrorCode]: (typeof errorCodes)[Code]['kind'] extends Kind ? Code : never
}[ErrorCode]

/** Error code in an HTTP error body. */
export type RequestErrorCode = CodeOfKind<'request'>
/** Error code in the result of a failed execution. */
export type ExecutionErrorCode = CodeOfKind<'execution'>
/** Error code that guest code gets as `ToolError.code`, unless the handler's error has a code of its own. */
export type ToolErrorCode = CodeOfKind<'tool'>

/** Returns the codes of one kind, in the order of the table. */
export function codesOfKind<Kind extends CodeProperties['kind']>(
  kind: Kind,
): [CodeOfKind<Kind>, ...CodeOfKind<Kind>[]] {
  return Object.entries(errorCodes).flatMap(([code, row]) => (row.kind === kind ? [code] : [])) as never
}
