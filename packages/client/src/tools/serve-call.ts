import type { ErrorCode, ToolCallMessage, ToolResponse } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import type { ExecutionState } from '../run/execution-state.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import { discoveryTool } from '../prompt/discovery/discovery-tools.ts'
import { attributes, inToolSpan, markFailed } from '../insight/telemetry.ts'
import { invokeTool, type ClientApproval } from './invoke.ts'
import type { ToolRegistry } from './registry.ts'
import { handlerErrorOf } from './tool-failure.ts'

/** Execution under way whose calls are served. */
export interface ServedRun {
  /** State of an execution that this client runs; undefined for one that it resumes. */
  readonly state: ExecutionState | undefined
  /** Tools of the client or view that serves the calls. */
  readonly registry: ToolRegistry
  /** Names of the tools that the execution may call. */
  readonly allowed: readonly string[]
  /** Approval by this client; undefined if the executor asks for approvals. */
  readonly approval?: ClientApproval | undefined
}

interface ServeCallOptions extends ServedRun {
  readonly events: ClientEmitter
}

/** Code of calls that are refused because their id was used before with another tool or input. */
export const conflictCode: ErrorCode = 'TOOL_CALL_CONFLICT'

/** Serves one call of a client's tools, in a span of its own, and emits an event of its answer. Never rejects. */
export function serveCall(
  message: ToolCallMessage,
  signal: AbortSignal,
  options: ServeCallOptions,
): Promise<ToolResponse> {
  const { tool: name, callId, executionId, correlationId } = message
  const { registry, events, state, allowed, approval } = options
  const ids = { [attributes.callId]: callId, [attributes.toolCallId]: callId, [attributes.executionId]: executionId }
  const names = { [attributes.operationName]: 'execute_tool', [attributes.tool]: name, [attributes.toolName]: name }
  const details = { ...ids, ...names, [attributes.correlationId]: correlationId }
  return inToolSpan(callId, details, async (span) => {
    const receivedAt = performance.now()
    state?.toolCalled()
    const tool = registry.get(name) ?? discoveryTool(name, { registry, allowed })
    const answer = tool
      ? await invokeTool(tool, message, { signal, approval })
      : toolFailed('TOOL_UNAVAILABLE', `The tool ${name} is not registered in this process`)
    if (!('ok' in answer)) return answer
    state?.toolSettled()
    const thrown = handlerErrorOf(answer)
    if (thrown) state?.handlerThrew(callId, thrown.thrown)
    const error = answer.ok
      ? undefined
      : { code: answer.error.code, message: answer.error.message, cause: thrown?.thrown }
    if (error) markFailed(span, error.code ?? 'TOOL_ERROR')
    events.emit('tool', {
      executionId,
      correlationId,
      callId,
      tool: name,
      durationMs: performance.now() - receivedAt,
      error,
    })
    return answer
  })
}

/** Returns the answer to a call that only the process of its execution can serve, and this process is another one. */
export function refuseBound({ tool }: ToolCallMessage): Promise<ToolResponse> {
  const reason = `Only the process that runs the execution can serve the tool ${tool}, and it is not this one`
  return Promise.resolve(toolFailed('TOOL_UNAVAILABLE', reason))
}

/** Emits the event of a call that was refused because its id was used before with another tool or input. */
export function reportConflict(events: ClientEmitter, call: ToolCallMessage, reason: string): void {
  const { executionId, correlationId, callId, tool } = call
  const error = { code: conflictCode, message: reason, cause: undefined }
  events.emit('tool', { executionId, correlationId, callId, tool, durationMs: 0, error })
}
