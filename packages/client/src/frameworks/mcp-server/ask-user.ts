import { shortened } from '@codemode/shared/internal'
import type { Approval } from '@codemode/shared'
import { z } from 'zod'

import type { ApprovalDecision } from '../../approvals/decision.ts'
import type { Codemode } from '../../codemode.ts'
import { ExecutorClientError } from '../../errors/executor-client-error.ts'
import type { PausedExecution } from '../../run/execution-result.ts'
import type { McpCallContext, McpInputRequired, McpServerLike, RequestStateCodec } from './sdk-shapes.ts'

/** Maximum number of questions in one round; the others are asked in the next one. */
const maxQuestions = 10
/** Maximum length of a tool's input in a question. */
const maxInputChars = 2_000

const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'

const stateSchema = z.object({
  executionId: z.string(),
  approvals: z.array(z.object({ callId: z.string(), inputHash: z.string() })),
})

/** Execution about which the user of an MCP client was asked, with the approvals that were shown. */
export type AskedExecution = z.infer<typeof stateSchema>

/** Returns whether the client of a request shows forms to its user. */
export function canAskUser({ server }: McpServerLike, { mcpReq }: McpCallContext): boolean {
  const declared = (mcpReq.envelope as Record<string, { elicitation?: object }> | undefined)?.[capabilitiesKey]
  const elicitation = (declared ?? server.getClientCapabilities())?.elicitation
  // An empty object means forms, as in the versions of the protocol that had nothing else.
  return elicitation !== undefined && ('form' in elicitation || Object.keys(elicitation).length === 0)
}

/** Returns the result that asks the user of an MCP client about the calls for which an execution waits. */
export async function askUser(
  { executionId, approvals }: PausedExecution,
  codec: RequestStateCodec,
  context: McpCallContext,
): Promise<McpInputRequired> {
  const asked = approvals.slice(0, maxQuestions)
  const state: AskedExecution = {
    executionId,
    approvals: asked.map(({ callId, inputHash }) => ({ callId, inputHash })),
  }
  return {
    resultType: 'input_required',
    inputRequests: Object.fromEntries(asked.map((approval) => [approval.callId, question(approval)])),
    requestState: await codec.mint(state, context as never),
  }
}

function question({ tool, input, reason }: Approval): McpInputRequired['inputRequests'][string] {
  const why = reason === undefined ? '' : `\nReason: ${reason}`
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: `Code of the model calls ${tool}(${shortened(JSON.stringify(input), maxInputChars)}).${why}`,
      requestedSchema: {
        type: 'object',
        properties: { approve: { type: 'boolean', title: 'Let this call run', default: false } },
        required: ['approve'],
      },
    },
  }
}

/**
 * Returns the execution about which the user was asked in an earlier round of a call, or undefined in the first round. Throws if
 * the state was not verified.
 */
export function askedExecution({ mcpReq }: McpCallContext): AskedExecution | undefined {
  const state = mcpReq.requestState()
  if (state === undefined && mcpReq.inputResponses === undefined) return undefined
  const parsed = stateSchema.safeParse(state)
  if (parsed.success) return parsed.data
  throw new Error(
    'The answers of the user came without a verified state. Create the McpServer with { requestState: codec }, with the same codec.',
  )
}

/** Sends the decisions of the user. Resolves with whether each call about which the user was asked is decided. */
export async function decideAsAnswered(
  codemode: Codemode,
  { executionId, approvals }: AskedExecution,
  { mcpReq }: McpCallContext,
): Promise<boolean> {
  let areDecided = true
  for (const { callId, inputHash } of approvals) {
    const decision = decisionOf(mcpReq.inputResponses?.[callId])
    if (decision === undefined) areDecided = false
    else await codemode.decide({ executionId, callId, inputHash }, decision).catch(ignoreConflict)
  }
  return areDecided
}

const answerSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('accept'), content: z.object({ approve: z.boolean() }) }),
  z.object({ action: z.literal('decline') }),
])

/** Returns the decision of an answer; undefined if the user has closed the form. */
function decisionOf(answer: unknown): ApprovalDecision | undefined {
  const parsed = answerSchema.safeParse(answer)
  if (!parsed.success) return undefined
  const note = 'by the user of the MCP client'
  if (parsed.data.action === 'accept' && parsed.data.content.approve) return { approve: true, note }
  return { reject: 'The user did not approve it.', note }
}

/** Ignores that somebody else was first: the execution goes on by that decision. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof ExecutorClientError) || error.code !== 'APPROVAL_CONFLICT') throw error
}
