import type { ExecutionFacts } from '../../store/execution-store.ts'
import { createStreamTransport } from '../../tools/stream-transport.ts'
import type { CreateCallbackTransport, ToolTransport } from '../../tools/transport.ts'

/**
 * Milliseconds for which a tool server lets a handler continue until another node delivers its call again: four times as
 * long as a takeover may last.
 */
const redeliveryGraceMs = 60_000

/** Returns the transport of an execution's tool calls: by callback, or over the stream of a client that resumes it. */
export function transportOf(
  { callback, tenant }: ExecutionFacts,
  callbackTransport: CreateCallbackTransport,
): ToolTransport {
  if (callback === undefined) return createStreamTransport()
  return callbackTransport({ callback, tenant, gracePeriodMs: redeliveryGraceMs })
}
