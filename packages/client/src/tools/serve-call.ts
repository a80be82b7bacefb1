import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ExecutionState } from '../execution-state.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import { attributes, inSpan, markFailed } from '../telemetry.ts'
import { invokeTool } from './invoke.ts'
import type { ToolRegistry } from './registry.ts'
import { failed, handlerErrorOf } from './tool-failure.ts'

interface Client {
  readonly registry: ToolRegistry
  readonly events: ClientEmitter
  /** Of the execution, if it is one of this client's that is under way. */
  readonly state: ExecutionState | undefined
}

/** Serves one call of a client's tools, in a span of its own, and tells the client's listeners. It never rejects. */
export function serveCall(message: ToolCallMessage, signal: AbortSignal, client: Client): Promise<ToolAnswer> {
  const { tool: name, callId, executionId, correlationId } = message
  const { registry, events, state } = client
  const ids = { [attributes.callId]: callId, [attributes.executionId]: executionId }
  const details = { attributes: { ...ids, [attributes.correlationId]: correlationId, [attributes.tool]: name } }
  return inSpan('codemode.tool', details, async (span) => {
    const cameAt = performance.now()
    state?.toolCalled()
    const tool = registry.get(name)
    const answer = tool
      ? await invokeTool(tool, message, signal)
      : failed('TOOL_UNAVAILABLE', `There is no tool ${name} in this process`)
    state?.toolSettled()
    const thrown = handlerErrorOf(answer)
    if (thrown) state?.handlerThrew(callId, thrown.thrown)
    const error = answer.ok
      ? undefined
      : { code: answer.error.code, message: answer.error.message, cause: thrown?.thrown }
    if (error) markFailed(span, error.code ?? error.message)
    events.emit('tool', {
      executionId,
      correlationId,
      callId,
      tool: name,
      durationMs: performance.now() - cameAt,
      error,
    })
    return answer
  })
}
