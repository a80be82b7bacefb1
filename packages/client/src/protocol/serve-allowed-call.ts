import type { ExecutionRequest, ToolCallMessage, ToolResponse } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import type { RunOptions } from '../executor.ts'

interface Run {
  readonly request: Pick<ExecutionRequest, 'tools'>
  readonly options: Pick<RunOptions, 'callTool'>
}

/** Serves a tool call of a run. A call of a tool that the request does not have fails with TOOL_NOT_ALLOWED. Never rejects. */
export async function serveAllowedCall(
  { request, options }: Run,
  call: ToolCallMessage,
  signal: AbortSignal,
): Promise<ToolResponse> {
  if (request.tools?.some(({ name }) => name === call.tool) !== true) {
    return toolFailed('TOOL_NOT_ALLOWED', `The tool ${call.tool} is not one of the tools of this execution`)
  }
  return options.callTool(call, signal)
}
