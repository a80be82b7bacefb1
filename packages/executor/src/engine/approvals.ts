// Approvals of detached executions: decisions of people about tool calls.
import { callIdOf, callNumberOf, RequestError, type DecisionRequest, type ToolResponse } from '@codemode/shared'
import { jsonSchemaCheck, pathText, textHead } from '@codemode/shared/internal'

import type { ExecutionStore } from '../store/execution-store.ts'
import type { Decided, StoredApproval } from '../store/stored-approval.ts'
import { notFound } from './engine.ts'
import { checkNesting } from './nesting.ts'
import type { Principal } from './principal.ts'
import { toolCallRefusal } from './runner/tool-call-refusal.ts'
import { approvalText } from './state/approval-text.ts'

/** Decision of a key about one call of an execution. */
export interface DecisionSubmission {
  readonly id: string
  readonly callId: string
  readonly request: DecisionRequest
  readonly principal: Principal
}

/**
 * Makes a decision, and returns the approval as JSON text. Rejects with `RequestError`: NOT_FOUND, INVALID_REQUEST for a
 * value that is nested too deeply or an edited input that the tool does not take, and APPROVAL_CONFLICT for a call that is not pending with this input.
 */
export async function decideApproval(store: ExecutionStore, submission: DecisionSubmission): Promise<string> {
  const { id, callId, request, principal } = submission
  const call = callNumberOf(id, callId)
  if (call === undefined) throw noSuchApproval(id, callId)
  const { inputHash, ...decision } = request
  // Before it is stored: what could not be serialised again would make each reader of the approval fail.
  if (decision.decision === 'respond') checkNesting('output', decision.output)
  if (decision.decision === 'approve') checkNesting('input', decision.input)
  if (decision.decision === 'approve' && decision.input !== undefined) {
    await checkEditedInput(store, { tenant: principal.tenant, id, call }, JSON.stringify(decision.input))
  }
  const made = { decision, by: principal.owner, keyId: principal.keyId }
  const decided = await store.decide(principal.tenant, id, { call, inputHash, made })
  if (decided === undefined) throw noSuchApproval(id, callId)
  if (decided.type === 'refused') throw conflict(decided, inputHash)
  return approvalText(id, decided.approval)
}

/** Rejects if the tool does not take an edited input. The approval stays pending. */
async function checkEditedInput(
  store: ExecutionStore,
  { tenant, id, call }: { readonly tenant: string; readonly id: string; readonly call: number },
  input: string,
): Promise<void> {
  const journal = await store.read(tenant, id, 0)
  if (journal === undefined) throw notFound(id)
  const made = journal.entries.flatMap((entry) => (entry.type === 'turn' ? entry.effects.calls : []))
  const tool = made.find((each) => each.call === call)?.tool
  if (tool === undefined) throw noSuchApproval(id, callIdOf(id, call))
  const refusal = toolCallRefusal({ tool, input }, journal.header)
  if (refusal !== undefined) throw invalidInput(refusal.error.message)
  const schema = journal.header.tools.find(({ name }) => name === tool)?.inputSchema
  if (schema === undefined) return
  const issues = jsonSchemaCheck(schema)(JSON.parse(input))
  if (issues.length === 0) return
  const texts = issues.slice(0, 5).map(({ path, message }) => `${pathText(['input', ...path])}: ${message}`)
  throw invalidInput(`The edited input is not valid for ${tool}: ${texts.join('; ')}.`)
}

function invalidInput(message: string): RequestError {
  return new RequestError('INVALID_REQUEST', message, {
    details: { path: 'input' },
    suggestion: 'Correct the input and decide again; the approval is still pending.',
  })
}

function noSuchApproval(id: string, callId: string): RequestError {
  return new RequestError('NOT_FOUND', `The execution ${id} has no approval of a call ${textHead(callId, 80)}`)
}

function conflict({ approval }: Decided, inputHash: string): RequestError {
  return approvalConflict(approval, refusalOf(approval, inputHash))
}

function refusalOf({ inputHash: current, status }: StoredApproval, inputHash: string): string {
  if (current !== inputHash) return 'waits for a decision about another input than the one that the decision names'
  return status === 'pending' ? 'no longer waits for a decision: its time is over' : `no longer waits: it is ${status}`
}

function approvalConflict(approval: StoredApproval, text: string): RequestError {
  const { executionId, call, tool } = approval
  return new RequestError('APPROVAL_CONFLICT', `The call ${callIdOf(executionId, call)} of ${tool} ${text}`, {
    executionId,
    details: { approval: JSON.parse(approvalText(executionId, approval)) },
    suggestion: 'Read the approval again, and decide about its current state.',
  })
}

/** Refuses the response to a call that waits for an approval. Returns false if it repeats that there is no answer yet. */
export function refuseAnswer(
  response: ToolResponse,
  { executionId, callId }: { readonly executionId: string; readonly callId: string },
): false {
  if (!('ok' in response)) return false
  throw new RequestError('APPROVAL_CONFLICT', `The call ${callId} waits for an approval, so it takes no answer`, {
    executionId,
    suggestion: 'Decide about the approval; "respond" answers in place of the tool.',
  })
}
