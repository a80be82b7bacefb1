import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

/** How a tool call reaches its tool. There are two: by callback to a tool server, and over the client's stream. */
export interface ToolTransport {
  /**
   * Delivers one call and resolves with its answer. A call that can't be delivered resolves with a failure and
   * `TOOL_UNAVAILABLE`; it never rejects. Aborting the signal ends it (deadline or cancellation; the caller knows which).
   */
  call(message: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer>
}
