import type { Approval, ExecutionStatus } from '@codemode/shared'

import { formatResult } from '../../prompt/format-result.ts'
import { statusOf, type ExecutionResult, type PausedExecution } from '../../run/execution-result.ts'
import type { McpToolResult } from './sdk-shapes.ts'

/** Key of the facts about an execution in the `_meta` of a result, which hosts do not show to models. */
const metaKey = 'codemode/execution'

/** Sentence that tells the model how to go on with an execution. */
const howToResume = 'To get its result, call resume_execution with the id, when a person has decided.'

interface ResultOptions {
  readonly maxChars: number | undefined
  /** Session of the execution, for the model. */
  readonly sessionId?: string | undefined
}

/** Returns the result of an execution for an MCP client. A paused execution is no error. */
export function toolResult(result: ExecutionResult, { maxChars, sessionId }: ResultOptions): McpToolResult {
  const text = formatResult(result, { maxChars, howToResume })
  const { executionId } = result
  return {
    content: sessionId === undefined ? [textBlock(text)] : [textBlock(text), textBlock(`sessionId: ${sessionId}`)],
    ...(result.status === 'paused' && { structuredContent: pausedFacts(result, text) }),
    ...(!result.success && result.status !== 'paused' && { isError: true }),
    _meta: { [metaKey]: { executionId, status: statusOf(result), ...(sessionId !== undefined && { sessionId }) } },
  }
}

/** Returns the result for an execution that is under way. */
export function unfinishedResult(executionId: string, status: ExecutionStatus): McpToolResult {
  const text = `The execution ${executionId} has not ended; it is ${status}. Call resume_execution with the id to go on waiting. Do not run its code again.`
  return {
    content: [textBlock(text)],
    structuredContent: { status, executionId, message: text },
    _meta: { [metaKey]: { executionId, status } },
  }
}

/** Returns the result of a call that failed without a result of the code. */
export function errorResult(text: string): McpToolResult {
  return { content: [textBlock(text)], isError: true }
}

function pausedFacts({ executionId, approvals }: PausedExecution, message: string): Record<string, unknown> {
  return { status: 'paused', executionId, pending: approvals.map(pendingFacts), message }
}

function pendingFacts({ callId, tool, input, reason, requestedAt, expiresAt }: Approval): Record<string, unknown> {
  return {
    callId,
    tool,
    input,
    requestedAt,
    ...(reason !== undefined && { reason }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

const textBlock = (text: string) => ({ type: 'text', text }) as const
