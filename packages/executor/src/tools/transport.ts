import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

/** A call on its way out: its message, with input and context as JSON text that is passed on unchanged. */
export interface OutgoingCall extends Omit<ToolCallMessage, 'type' | 'input' | 'context'> {
  readonly input: string
  readonly context: string
  readonly createdAt: string
  /** When the executor sent it first; each repeat has a time of its own on the wire. */
  readonly sentAt: string
}

/** How a tool call reaches its tool. There are two: by callback to a tool server, and over the client's stream. */
export interface ToolTransport {
  /**
   * Delivers one call and resolves with its answer. A call that can't be delivered resolves with a failure and
   * `TOOL_UNAVAILABLE`; it never rejects. Aborting the signal ends it (deadline or cancellation; the caller knows which).
   */
  call(call: OutgoingCall, signal: AbortSignal): Promise<ToolAnswer>
}
