import { textHead } from '@codemode/shared/internal'

import type { ApprovalCall, ApprovalRule } from '../tools/define.ts'

/** Maximum length of a reason on the wire. */
const maxReasonLength = 4_096

/** Reason for which a call needs an approval. */
export interface ApprovalNeed {
  readonly reason?: string
}

/**
 * Evaluates the rule of a tool for a call. Resolves with the need for an approval; undefined if there is none. Rejects if the
 * rule throws or returns no outcome, so that the call fails and its handler does not run.
 */
export async function evaluateRule(
  rule: ApprovalRule,
  { tool, input, call }: { readonly tool: string; readonly input: unknown; readonly call: ApprovalCall },
): Promise<ApprovalNeed | undefined> {
  const outcome: unknown = await rule(input, call)
  if (outcome === false) return undefined
  if (outcome === true) return {}
  const reason: unknown = typeof outcome === 'object' && outcome !== null && 'reason' in outcome && outcome.reason
  if (typeof reason === 'string' && reason !== '') return { reason: textHead(reason, maxReasonLength) }
  const given = outcome === null ? 'null' : `a value of type ${typeof outcome}`
  throw new TypeError(
    `The function requiresApproval of the tool ${tool} must return true, false or { reason: 'text' }; it returned ${given}`,
  )
}
