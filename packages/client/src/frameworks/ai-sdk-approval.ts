import { ToolError } from '../errors/tool-error.ts'
import type { ApprovalCall, ApprovalRule, ToolInput } from '../tools/define.ts'
import type { ForeignFunction } from './convert-tools.ts'

type StatusName = 'not-applicable' | 'approved' | 'denied' | 'user-approval'

/** Status of an approval in the AI SDK. */
export type AiSdkApprovalStatus =
  | StatusName
  | { readonly type: StatusName; readonly reason?: string | undefined }
  | undefined

/** Configuration of approvals in the AI SDK: one function, or a status or a function for each tool. */
export type AiSdkToolApproval = ForeignFunction | { readonly [name: string]: AiSdkApprovalStatus | ForeignFunction }

interface ApprovalSource {
  readonly needsApproval?: boolean | ForeignFunction | undefined
  readonly toolApproval: AiSdkToolApproval | undefined
  /** Context of the tool. */
  readonly context: unknown
}

type AnyCallable = (...parameters: unknown[]) => unknown

/**
 * Returns whether calls of a tool require an approval, or the rule that decides it. As in the SDK, the configuration precedes the
 * tool's own `needsApproval`. A call that is denied fails.
 */
export function aiSdkApproval(name: string, source: ApprovalSource): boolean | ApprovalRule | undefined {
  const { needsApproval, toolApproval, context } = source
  if (typeof toolApproval === 'function') {
    return byStatus((input, { callId, context: runtimeContext }) => {
      const toolCall = { type: 'tool-call', toolCallId: callId, toolName: name, input }
      return (toolApproval as AnyCallable)({
        toolCall,
        tools: undefined,
        toolsContext: { [name]: context },
        messages: [],
        runtimeContext,
      })
    })
  }
  const own = toolApproval !== undefined && Object.hasOwn(toolApproval, name) ? toolApproval[name] : undefined
  if (typeof own === 'function') {
    return byStatus((input, { callId, context: runtimeContext }) =>
      (own as AnyCallable)(input, { toolCallId: callId, messages: [], toolContext: context, runtimeContext }),
    )
  }
  if (own !== undefined) return byStatus(() => own)
  if (typeof needsApproval !== 'function') return needsApproval
  return async (input, { callId }) =>
    Boolean(await (needsApproval as AnyCallable)(input, { toolCallId: callId, messages: [], context }))
}

/** Returns the rule of a function that returns a status. */
function byStatus(statusOf: (input: ToolInput, call: ApprovalCall) => unknown): ApprovalRule {
  return async (input, call) => {
    const status = (await statusOf(input, call)) as AiSdkApprovalStatus
    const { type, reason } = typeof status === 'object' ? status : { type: status, reason: undefined }
    if (type === 'denied') throw new ToolError(reason ?? 'The call was denied', { code: 'TOOL_REJECTED' })
    if (type !== 'user-approval') return false
    return reason === undefined ? true : { reason }
  }
}
