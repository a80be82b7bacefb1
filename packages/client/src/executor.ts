import type { Callback, ExecutionEvent, ExecutionRequest, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecutionResult } from './execution-result.ts'

/** A failed request that is about to be sent again. */
export interface Retry {
  /** The execution that the request is for. */
  readonly executionId: string
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number
  /** How long until the next one, in milliseconds. */
  readonly delayMs: number
  /** Why the attempt failed. */
  readonly error: ExecutorClientError
}

/** How one execution is run: its clock, who serves its tool calls, and who is told. */
export interface RunOptions {
  /** Aborting it cancels the execution. */
  readonly signal?: AbortSignal | undefined
  /** Made up if not given. */
  readonly correlationId?: string | undefined
  /** How long the client waits, in milliseconds; execution and queue time and 5,000 ms by default. */
  readonly requestTimeoutMs?: number | undefined
  /** Whether another executor takes what this one refuses: then a request that has surely not arrived is not repeated. */
  readonly canGoElsewhere?: boolean | undefined
  /**
   * Makes the callback by which the executor calls the tools of an execution. Without it the calls come over the event
   * stream, and `callTool` serves them.
   */
  callbackFor?(this: void, executionId: string): Promise<Callback>
  /** Is told when an execution that got a callback has ended or was cancelled: a call that comes later is not served. */
  callbackEnded?(this: void, executionId: string): void
  /** Is told each event, in order. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Is told of each failed request before it is sent again. */
  onRetry?(this: void, retry: Retry): void
  /** Serves the code's tool calls, unless there is a callback. It must not reject. */
  callTool(this: void, call: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer>
}

/** The options of a request about an execution. */
export interface ControlOptions {
  /** The id in the logs of both sides; made up if not given. */
  readonly correlationId?: string | undefined
  /** Aborting it gives up the request; the execution goes on. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Whatever runs code. What it runs is only asked for `run`; the rest is for handles and health checks, and an executor
 * that wraps others passes it on.
 */
export interface Executor extends AsyncDisposable {
  /** Runs the code: resolves however the code ended, and rejects when the request or the executor failed. */
  run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult>
  /** Stops an execution, by the id of its request. Without it, the signal of its run is aborted. */
  cancel?(executionId: string, reason?: string, options?: ControlOptions): Promise<void>
  /** The events of an execution, by the id of its request, from after the given one to its end. */
  events?(
    executionId: string,
    options?: ControlOptions & { readonly after?: string | undefined },
  ): AsyncIterable<ExecutionEvent>
  /** Whether it answers at all; taken for granted if it can't tell. */
  isLive?(): Promise<boolean>
  /** Whether it takes executions now; taken for granted if it can't tell. */
  isReady?(): Promise<boolean>
}
