import { callNumberOf, type ToolAnswer } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ControlOptions, Executor } from '../executor.ts'
import { requirePart } from '../run/executor-parts.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'
import { failedByHandler, withinLimit } from '../tools/tool-failure.ts'

/** Answer to a tool call: the output of the tool, or the error that the code gets as a ToolError. */
export type DeferredToolAnswer = { readonly output: unknown } | { readonly error: Error }

const example =
  "codemode.answerToolCall(callId, { output: { paid: true } })\n\n// or:\ncodemode.answerToolCall(callId, { error: new ToolError('declined', { code: 'DECLINED' }) })"

/**
 * Sends the answer to a call. Rejects with APPROVAL_CONFLICT if the executor does not accept it, with the state of the call in
 * the message.
 */
export async function answerToolCall(
  executor: Executor,
  callId: string,
  { answer: given, ...options }: ControlOptions & { readonly answer: DeferredToolAnswer },
): Promise<void> {
  const executionId = executionIdOfCall(callId)
  const answer = answerFrom(given)
  const { detached } = requirePart(executor, 'detached')
  const accepted = await detached.sendToolResults(executionId, { results: [{ callId, answer }] }, options)
  if (accepted.includes(callId)) return
  throw notAccepted(callId, await stateOf(executor, { executionId, callId }, options))
}

/** Returns the execution of a call. Throws a ConfigurationError for a value that is no id of a call. */
export function executionIdOfCall(callId: unknown): string {
  const executionId = typeof callId === 'string' ? callId.slice(0, callId.lastIndexOf(':')) : ''
  if (typeof callId === 'string' && callNumberOf(executionId, callId) !== undefined) return executionId
  const shown = typeof callId === 'string' ? `'${textHead(callId, 64)}'` : `of type ${typeof callId}`
  throw new ConfigurationError(
    `The id of a tool call is that of its execution, a colon and a number, as in call.callId; the value is ${shown}.`,
    example,
  )
}

function answerFrom(given: unknown): ToolAnswer {
  const fields = typeof given === 'object' && given !== null ? given : {}
  const names = ['output', 'error'].filter((name) => Object.hasOwn(fields, name))
  if (names.length !== 1 || Object.keys(fields).length !== 1) {
    throw new ConfigurationError('The answer to a tool call must have either an output or an error.', example)
  }
  if ('error' in fields) return failedByHandler(fields.error)
  const { output } = fields as { output: unknown }
  try {
    const answer: ToolAnswer = { ok: true, output: toJson(output) }
    const sent = withinLimit('the call', answer)
    if (sent === answer) return answer
    throw new ConfigurationError(
      `The output is too large to be sent: ${sent.ok ? '' : sent.error.message}.`,
      "codemode.answerToolCall(callId, { output: { url: 'https://files.example/report' } })",
    )
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw new ConfigurationError(cause.about('output'), example, { cause })
  }
}

interface CallState {
  readonly execution: string
  readonly call: string | undefined
}

/** Returns the state of a call by the record of its execution; undefined if that can't be read. */
async function stateOf(
  executor: Executor,
  { executionId, callId }: { readonly executionId: string; readonly callId: string },
  options: ControlOptions,
): Promise<CallState | undefined> {
  try {
    const { status, toolCalls } = await requirePart(executor, 'record').record(executionId, options)
    return { execution: status, call: toolCalls.find((call) => call.callId === callId)?.status }
  } catch {
    return undefined
  }
}

function notAccepted(callId: string, state: CallState | undefined): ExecutorClientError {
  const executionId = executionIdOfCall(callId)
  const details = { callId, ...(state?.call !== undefined && { status: state.call }) }
  // By the journal the call waits for its answer, so the executor has stored one that the execution has not read.
  if (state?.call === 'deferred') {
    return new ExecutorClientError(
      'APPROVAL_CONFLICT',
      `The call ${callId} has been answered already, and its execution has not received the answer yet. The first answer counts; ` +
        'a repeated delivery needs no action.',
      { executionId, details },
    )
  }
  const reason =
    state === undefined
      ? 'it was late, repeated, or for a call that waits for no answer'
      : state.call === undefined
        ? `its execution is ${state.execution} and has not made this call`
        : `the call is ${state.call}, and its execution ${state.execution}; the first answer counts`
  return new ExecutorClientError('APPROVAL_CONFLICT', `The answer to the call ${callId} was not accepted: ${reason}.`, {
    executionId,
    details,
  })
}
