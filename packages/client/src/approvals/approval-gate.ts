// Approval of a call before its handler runs: by the executor, which then sends the call again with the proof of its
// approval, or by the function `onApproval` of the client that runs the execution.
import type { Decision, ToolAnswer, ToolCallMessage, ToolResponse } from '@codemode/shared'
import { toolFailed } from '@codemode/shared/internal'

import type { ApprovalCall } from '../tools/define.ts'
import type { RegisteredTool } from '../tools/prepare-tool.ts'
import { keepThrown } from '../tools/tool-failure.ts'
import { askClient, type OnApproval } from './ask-client.ts'
import { evaluateRule, type ApprovalNeed } from './approval-rule.ts'
import { inputHashOf } from './input-hash.ts'

interface GateOptions {
  readonly message: ToolCallMessage
  readonly call: ApprovalCall
  /** Function of the client that decides; without it, the executor asks. */
  readonly onApproval: OnApproval | undefined
}

/** Outcome of the gate: the handler may run, perhaps with an edited input, or a response in its place. */
export type GateOutcome =
  | { readonly decision?: Decision & { readonly decision: 'approve' } }
  | { readonly decision?: Decision; readonly response: ToolResponse }

/** Lets a call with a checked input pass, or returns the response to send in place of running its handler. */
export async function passGate(tool: RegisteredTool, input: unknown, options: GateOptions): Promise<GateOutcome> {
  const { message, call, onApproval } = options
  const need = await needOf(tool, input, options)
  if (need === undefined) return {}
  if (onApproval === undefined) return { response: { approvalRequired: true, ...need } }
  const { executionId, callId, tool: name } = message
  const { decision, failure } = await askClient(
    onApproval,
    {
      executionId,
      callId,
      tool: name,
      input: message.input,
      inputHash: inputHashOf(message.input),
      ...need,
      status: 'pending',
      requestedAt: new Date().toISOString(),
    },
    call,
  )
  if (decision.decision === 'approve') return { decision }
  if (decision.decision === 'respond') return { decision, response: { ok: true, output: decision.output } }
  const response = rejectedAnswer(name, decision.reason)
  if (failure) keepThrown(response, failure.thrown)
  return { decision, response }
}

/** Returns the need of a call for an approval; undefined if it needs none, or is approved. */
async function needOf(
  tool: RegisteredTool,
  input: unknown,
  { message, call }: GateOptions,
): Promise<ApprovalNeed | undefined> {
  const { requiresApproval } = tool.declaration
  if (requiresApproval === undefined || isApproved(message)) return undefined
  return tool.approvalRule === undefined ? {} : evaluateRule(tool.approvalRule, { tool: message.tool, input, call })
}

/** Returns whether a message has the proof that its own input was approved. */
function isApproved({ approval, input }: ToolCallMessage): boolean {
  return approval !== undefined && approval.inputHash === inputHashOf(input)
}

function rejectedAnswer(tool: string, reason: string): ToolAnswer {
  return toolFailed('TOOL_REJECTED', `The call of ${tool} was rejected: ${reason}`, { reason })
}
