import type { Callback, ToolCallMessage, ToolResponse } from '@codemode/shared'

/** A call to be sent: the fields of its message, with input and context as JSON text that is sent unchanged. */
export interface OutgoingCall extends Omit<ToolCallMessage, 'type' | 'input' | 'context' | 'gracePeriodMs'> {
  readonly input: string
  readonly context: string
  readonly createdAt: string
  /** Time at which the executor first sent the call; each repeat has its own time on the wire. */
  readonly sentAt: string
}

/** Reason of an abort after which the call goes on: another node sends it again, so its handler is not cancelled. */
export class CallContinues extends Error {
  override readonly name = 'CallContinues'
}

/** Tool server of one execution, and the way in which its calls are delivered. */
export interface CallbackTarget {
  readonly callback: Callback
  readonly tenant: string
  /**
   * Milliseconds for which the tool server lets a handler continue without a connection, so that another node can deliver
   * the call again. Such a call is delivered until its deadline. Absent for executions that end with their node.
   */
  readonly gracePeriodMs?: number
}

/** Creates the transport of one execution that came with a callback. */
export type CreateCallbackTransport = (target: CallbackTarget) => ToolTransport

/** A way for tool calls to reach their tools: by callback to a tool server, or over the client's stream. */
export interface ToolTransport {
  /**
   * Delivers one call and resolves with the response; never rejects. A call that can't be delivered resolves with a
   * failure with code `TOOL_UNAVAILABLE`. Aborting the signal ends the call and notifies the handler, with the message
   * of the signal's reason where the transport can carry it; if the reason is `CallContinues`, without notifying it.
   */
  call(call: OutgoingCall, signal: AbortSignal): Promise<ToolResponse>
  /** Notifies the handler of a call without a connection that nobody waits for its answer; absent if it can't be done. */
  cancel?(call: OutgoingCall, reason: Error): void
}
