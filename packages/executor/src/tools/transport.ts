import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

/** A call to be sent: the fields of its message, with input and context as JSON text that is sent unchanged. */
export interface OutgoingCall extends Omit<ToolCallMessage, 'type' | 'input' | 'context'> {
  readonly input: string
  readonly context: string
  readonly createdAt: string
  /** When the executor sent it first; each repeat has a time of its own on the wire. */
  readonly sentAt: string
}

/** A way for tool calls to reach their tools: by callback to a tool server, or over the client's stream. */
export interface ToolTransport {
  /**
   * Delivers one call and resolves with its answer. A call that can't be delivered resolves with a failure and
   * `TOOL_UNAVAILABLE`; it never rejects. Aborting the signal ends it and tells the handler, with the message of the
   * signal's reason where that can travel.
   */
  call(call: OutgoingCall, signal: AbortSignal): Promise<ToolAnswer>
}
