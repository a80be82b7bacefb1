import type { Callback, ExecutionEvent, ExecutionRequest, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecutionResult } from './execution-result.ts'

/** A failed request that is about to be sent again. */
export interface Retry {
  /** Execution that the request is for. */
  readonly executionId: string
  /** Id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Milliseconds until the next attempt. */
  readonly delayMs: number
  /** Reason for which the attempt failed. */
  readonly error: ExecutorClientError
}

/** Options of one run: its clock, the server of its tool calls, and its listeners. */
export interface RunOptions {
  /** Aborting it cancels the execution. */
  readonly signal?: AbortSignal | undefined
  /** A random one by default. */
  readonly correlationId?: string | undefined
  /** Milliseconds for which the client waits; execution and queue time and 5,000 ms by default. */
  readonly requestTimeoutMs?: number | undefined
  /** Whether another executor takes an execution that this one refuses: then a request that cannot have arrived is not repeated. */
  readonly canGoElsewhere?: boolean | undefined
  /**
   * Makes the callback by which the executor calls the tools of an execution. Without it the calls come over the event
   * stream, and `callTool` serves them.
   */
  callbackFor?(this: void, executionId: string): Promise<Callback>
  /** Called when an execution that got a callback has ended or was cancelled: a call that comes later is not served. */
  callbackEnded?(this: void, executionId: string): void
  /** Called with each event, in order. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Called with each failed request before it is sent again. */
  onRetry?(this: void, retry: Retry): void
  /** Serves the tool calls of the code, unless there is a callback. Must not reject. */
  callTool(this: void, call: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer>
  /**
   * Called with each call that is refused because its id was used before with another tool or input, and with the reason:
   * the code has run twice.
   */
  onCallConflict?(this: void, call: ToolCallMessage, reason: string): void
}

/** Options of a request about an execution. */
export interface ControlOptions {
  /** Id in the logs of both sides; a random one by default. */
  readonly correlationId?: string | undefined
  /** Aborts the request; the execution goes on. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs code. Only `run` is required; the other methods are for handles and health checks, and an executor that wraps others
 * passes them on.
 */
export interface Executor extends AsyncDisposable {
  /** Runs the code. Resolves when the code has ended, with success or not; rejects when the request or the executor failed. */
  run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult>
  /** Stops an execution, by the id of its request. Without this method, the signal of its run is aborted. */
  cancel?(executionId: string, reason?: string, options?: ControlOptions): Promise<void>
  /** Returns the events of an execution, by the id of its request, from after the given one to its end. */
  events?(
    executionId: string,
    options?: ControlOptions & { readonly after?: string | undefined },
  ): AsyncIterable<ExecutionEvent>
  /** Whether it answers at all; assumed without this method. */
  isLive?(): Promise<boolean>
  /** Whether it takes executions now; assumed without this method. */
  isReady?(): Promise<boolean>
}
