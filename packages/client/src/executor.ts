import type { Callback, ExecutionEvent, ExecutionRequest, ToolAnswer, ToolCallMessage } from '@codemode/shared'

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

/** Options of one run: its timeout, the handling of its tool calls, and its listeners. */
export interface RunOptions {
  /** Signal that cancels the execution. */
  readonly signal?: AbortSignal | undefined
  /** Id shared by client, executor, tool calls and logs; random by default. */
  readonly correlationId?: string | undefined
  /** Milliseconds for which the client waits; execution and queue timeout and 5,000 ms by default. */
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
  /**
   * Called to make the callback through which the executor calls the tools of an execution. Without this function, the
   * calls come over the event stream and `callTool` serves them.
   */
  callbackFor?(this: void, executionId: string): Promise<Callback>
  /** Called when an execution that got a callback has ended or was cancelled, so that later calls are refused. */
  callbackEnded?(this: void, executionId: string): void
  /** Called with each event, in order. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Called with each failed request before it is sent again. */
  onRetry?(this: void, retry: Retry): void
  /** Called to serve a tool call, unless there is a callback. Must not reject. */
  callTool(this: void, call: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer>
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

/**
 * Interface of an executor, which runs code. Only `run` is required. Handles and health checks use the other methods;
 * an executor that wraps others forwards them.
 */
export interface Executor extends AsyncDisposable {
  /** Runs the code. Resolves when the code has succeeded or failed; rejects if the request or the executor failed. */
  run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult>
  /** Cancels the execution with the given id. Without this method, the client aborts the signal of the run. */
  cancel?(executionId: string, reason?: string, options?: ControlOptions): Promise<void>
  /** Returns the events of the execution with the given id, after the given event or from the first, to its end. */
  events?(
    executionId: string,
    options?: ControlOptions & { readonly after?: string | undefined },
  ): AsyncIterable<ExecutionEvent>
  /** Resolves with whether the executor answers at all; assumed true without this method. */
  isLive?(): Promise<boolean>
  /** Resolves with whether the executor takes executions now; assumed true without this method. */
  isReady?(): Promise<boolean>
}
