import type { ExecutionEvent, ExecutionRequest, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ExecutionResult } from './execution-result.ts'

export interface RunOptions {
  /** Aborting it cancels the execution. */
  readonly signal?: AbortSignal | undefined
  /** Made up if not given. */
  readonly correlationId?: string | undefined
  /** How long the client waits, in milliseconds; execution and queue time and 5,000 ms by default. */
  readonly requestTimeoutMs?: number | undefined
  /** Is told each event, in order. */
  onEvent?(this: void, event: ExecutionEvent): void
  /** Serves the code's tool calls, unless the request names a callback. It must not reject. */
  callTool(this: void, call: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer>
}

/** Whatever runs code: it resolves however the code ended, and rejects when the request or the executor failed. */
export interface Executor extends AsyncDisposable {
  run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult>
}
