import type {
  AcceptedExecution,
  Approval,
  ApprovalList,
  ApprovalStatus,
  Callback,
  DecisionRequest,
  ExecutionErrorCode,
  ExecutionEvent,
  ExecutionList,
  ExecutionRecord,
  ExecutionRequest,
  ExecutionStatus,
  ForkRequest,
  JsonObject,
  SessionList,
  SessionRecord,
  SessionRequest,
  ToolCallMessage,
  ToolResponse,
  ToolResultsRequest,
} from '@codemode/shared'

import type { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecutionResult } from './run/execution-result.ts'

/** Failed request that is about to be sent again. */
export interface Retry {
  /** Id of the execution that the request is about. */
  readonly executionId: string
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Milliseconds until the next attempt. */
  readonly delayMs: number
  /** Error of the failed attempt. */
  readonly error: ExecutorClientError
}

/** Session of a run that is a step. */
export interface SessionOfRun {
  /** Id of the session. */
  readonly id: string
  /** Context of the session, which the handlers of its tool calls get. */
  readonly context: JsonObject
  /**
   * Whether the session is stored. Its steps outlive the client: a run follows one to its end without a timeout, and neither
   * an abort of the signal nor the disposal of the executor cancels it.
   */
  readonly isDurable: boolean
}

/** Options of one run: its timeout, the handling of its tool calls, and its listeners. */
export interface RunOptions {
  /** Signal that cancels the execution. */
  readonly signal?: AbortSignal | undefined
  /** Id shared by client, executor, tool calls and logs; random by default. */
  readonly correlationId?: string | undefined
  /**
   * Milliseconds for which the client waits for the end of the run, or until a step of a durable session is stored; by default
   * the execution and queue timeouts and 5,000.
   */
  readonly requestTimeoutMs?: number | undefined
  /**
   * Whether another executor runs an execution that this one refuses. Then a request that cannot have arrived is not
   * retried.
   */
  readonly canGoElsewhere?: boolean | undefined
  /**
   * Identity of the handlers that serve the tool calls, if they are those of a view and not the client's: results of
   * other handlers are no answers to this run.
   */
  readonly handlers?: object | undefined
  /** Session whose step the execution is; its executor runs it after the earlier steps. */
  readonly session?: SessionOfRun | undefined
  /**
   * Called to make the callback through which the executor calls the tools of an execution. Without this function, the
   * calls come over the event stream and `callTool` serves them.
   */
  callbackFor?(this: void, executionId: string): Promise<Callback>
  /** Called when an execution that got a callback has ended or was cancelled, so that later calls are refused. */
  callbackEnded?(this: void, executionId: string): void
  /** Called when the executor has accepted the execution; it may be called repeatedly. */
  onAccepted?(this: void): void
  /** Called with each event, in order. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Called with each failed request before it is sent again. */
  onRetry?(this: void, retry: Retry): void
  /** Called to serve a tool call, unless there is a callback. Must not reject. */
  callTool(this: void, call: ToolCallMessage, signal: AbortSignal): Promise<ToolResponse>
  /**
   * Called with each call that is refused because its id was used before with another tool or input, which means that
   * the code has run twice; and with the reason as text.
   */
  onCallConflict?(this: void, call: ToolCallMessage, reason: string): void
}

/** Options of a request about an execution. */
export interface ControlOptions {
  /** Id in the logs of client and executor; random by default. */
  readonly correlationId?: string | undefined
  /** Signal that aborts the request; the execution goes on. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a request that stores a detached execution. */
export interface SubmissionOptions extends ControlOptions {
  /** Milliseconds for which the client tries to submit; 30,000 by default. */
  readonly requestTimeoutMs?: number | undefined
  /** Whether another executor takes the execution if this one refuses it, as in `RunOptions`. */
  readonly canGoElsewhere?: boolean | undefined
  /** Called with each failed request before it is sent again. */
  onRetry?(this: void, retry: Retry): void
}

/** Request for one page of executions. */
export interface ListQuery {
  /** Only executions with this status. */
  readonly status?: ExecutionStatus | undefined
  /** Only executions whose error has this code. */
  readonly errorCode?: ExecutionErrorCode | undefined
  /** Only executions with this label. */
  readonly label?: string | undefined
  /** Only detached executions (`true`), or only attached ones (`false`). */
  readonly detached?: boolean | undefined
  /** Only executions that were created at this time or later, in the format of ISO 8601. */
  readonly since?: string | undefined
  /** Maximum number of executions of the page, up to 200; 50 by default. */
  readonly limit?: number | undefined
  /** The field `nextCursor` of the page before. */
  readonly cursor?: string | undefined
}

/** Request to run a detached execution again. */
export interface RetryOptions extends SubmissionOptions {
  /** Id of the new execution. Repeating the request with it starts no further execution. */
  readonly id: string
  /** Called with the names of the execution's tools, unless it has none, to make the callback of the new execution. */
  callbackFor(this: void, tools: readonly string[]): Promise<Callback>
}

/** Request for one page of approvals. */
export interface ApprovalListQuery {
  /** Only approvals with this status. */
  readonly status?: ApprovalStatus | undefined
  /** Only approvals of this execution. */
  readonly executionId?: string | undefined
  /** Which request is first; the oldest by default. */
  readonly order?: 'oldest' | 'newest' | undefined
  /** Maximum number of approvals of the page, up to 200; 50 by default. */
  readonly limit?: number | undefined
  /** The field `nextCursor` of the page before. */
  readonly cursor?: string | undefined
}

/** Options of a client that serves the tool calls of an execution, and waits for its end. */
export interface ResumeOptions extends ControlOptions {
  /** Called to serve a tool call, with the names of the tools that the execution may call. Must not reject. */
  callTool(
    this: void,
    call: ToolCallMessage,
    signal: AbortSignal,
    availableTools: readonly string[],
  ): Promise<ToolResponse>
  /** Called to get the milliseconds that a call of a tool may take. */
  timeoutOf(this: void, tool: string): number
  /** Called with each event, in order, from the first one on. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Called with each call that is refused, as in `RunOptions`. */
  onCallConflict?(this: void, call: ToolCallMessage, reason: string): void
}

/** Options of a new callback for an execution. */
export interface SetCallbackOptions extends ControlOptions {
  /** Called with the names of the execution's tools to make the callback. */
  callbackFor(this: void, tools: readonly string[]): Promise<Callback>
}

/**
 * Part of an executor that keeps detached executions. Repeating a request with the same id never runs code twice, so a
 * request whose outcome is unknown is sent again.
 */
export interface DetachedExecutor {
  /** Stores the execution of a request with an id and `detached: true`. Resolves when it has been stored. */
  submit(request: ExecutionRequest & { readonly id: string }, options: SubmissionOptions): Promise<AcceptedExecution>
  /** Returns a page of the executions in the executor's store, newest first. */
  list(query: ListQuery, options?: ControlOptions): Promise<ExecutionList>
  /** Stores a new execution of the code, the values and the options of the one with the given id. */
  retry(executionId: string, options: RetryOptions): Promise<AcceptedExecution>
  /**
   * Serves the tool calls of an execution without a callback, while no other client does, and resolves with its result. Rejects
   * when the signal aborts; the execution goes on.
   */
  resume(executionId: string, options: ResumeOptions): Promise<ExecutionResult>
  /** Sends responses to tool calls. Resolves with the ids of the calls whose responses were accepted. */
  sendToolResults(
    executionId: string,
    request: ToolResultsRequest,
    options?: ControlOptions,
  ): Promise<readonly string[]>
  /** Replaces the callback of an execution. */
  setCallback(executionId: string, options: SetCallbackOptions): Promise<void>
  /** Returns a page of the approvals. */
  listApprovals(query: ApprovalListQuery, options?: ControlOptions): Promise<ApprovalList>
  /** Decides about a tool call that waits for an approval. Repeating the same decision has no further effect. */
  decide(
    call: Pick<Approval, 'executionId' | 'callId'>,
    request: DecisionRequest,
    options?: ControlOptions,
  ): Promise<Approval>
}

/** Request for one page of sessions. */
export interface SessionListQuery {
  /** Only sessions with this label. */
  readonly label?: string | undefined
  /** Maximum number of sessions of the page, up to 200; 50 by default. */
  readonly limit?: number | undefined
  /** The field `nextCursor` of the page before. */
  readonly cursor?: string | undefined
}

/**
 * Part of an executor that keeps sessions. Their steps are runs with the option `session`. A request about a session that has
 * ended rejects with SESSION_EXPIRED, and one about an unknown session with NOT_FOUND.
 */
export interface SessionsExecutor {
  /** Creates the session of a request with an id, or returns the one that the same request has created. */
  create(request: SessionRequest & { readonly id: string }, options?: ControlOptions): Promise<SessionRecord>
  /** Returns a page of the sessions, newest first. */
  list(query: SessionListQuery, options?: ControlOptions): Promise<SessionList>
  /** Returns the record of a session, with its steps and variables. */
  record(sessionId: string, options?: ControlOptions): Promise<SessionRecord>
  /** Ends a session: its steps are cancelled, and its variables are gone. */
  end(sessionId: string, options?: ControlOptions): Promise<void>
  /** Creates a session with the state of another one after a step. */
  fork(
    sessionId: string,
    request: ForkRequest & { readonly id: string },
    options?: ControlOptions,
  ): Promise<SessionRecord>
  /** Removes the variables and the steps of a session, after the steps that were accepted. */
  reset(sessionId: string, options?: ControlOptions): Promise<SessionRecord>
}

/**
 * Interface of an executor, which runs code. Only `run` is required. Handles and health checks use the other methods;
 * an executor that wraps others forwards them.
 */
export interface Executor extends AsyncDisposable {
  /** Runs the code. Resolves when the code has succeeded or failed, or is paused; rejects if the request or the executor failed. */
  run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult>
  /** Cancels the execution with the given id. Without this method, the client aborts the signal of the run. */
  cancel?(executionId: string, reason?: string, options?: ControlOptions): Promise<void>
  /** Returns the events of the execution with the given id, after the given event or from the first, to its end. */
  events?(
    executionId: string,
    options?: ControlOptions & { readonly after?: string | undefined },
  ): AsyncIterable<ExecutionEvent>
  /** Returns the record of the execution with the given id. Rejects with the code `NOT_FOUND` if there is none. */
  record?(executionId: string, options?: ControlOptions): Promise<ExecutionRecord>
  /** Detached executions; absent if the executor has none. `cancel`, `events` and `record` take their ids too. */
  readonly detached?: DetachedExecutor
  /** Sessions; absent if the executor has none. */
  readonly sessions?: SessionsExecutor
  /** Resolves with whether the executor answers at all; assumed true without this method. */
  isLive?(): Promise<boolean>
  /** Resolves with whether the executor takes executions now; assumed true without this method. */
  isReady?(): Promise<boolean>
}
