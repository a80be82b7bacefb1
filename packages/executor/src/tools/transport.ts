import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

/** A call as it goes out: its message, of which input and context are JSON text that stays as it is. */
export interface OutgoingCall extends Omit<ToolCallMessage, 'type' | 'input' | 'context'> {
  readonly input: string
  readonly context: string
}

/** How a tool call reaches its tool. There are two: by callback to a tool server, and over the client's stream. */
export interface ToolTransport {
  /**
   * Delivers one call and resolves with its answer. A call that can't be delivered resolves with a failure and
   * `TOOL_UNAVAILABLE`; it never rejects. Aborting the signal ends it (deadline or cancellation; the caller knows which).
   */
  call(call: OutgoingCall, signal: AbortSignal): Promise<ToolAnswer>
}
