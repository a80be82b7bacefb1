/**
 * Failures of tool calls in the form that the guest gets: without stacks, and without paths of this host unless a
 * ToolError has them.
 */
import { fixedLimits, type Json, type ToolAnswer, type ToolFailure } from '@codemode/shared'
import { maxIssues, shortened, textHead, toolFailed, toolOutputTooLarge } from '@codemode/shared/internal'

import { describeCauses, summaryOf } from '../errors/describe-error.ts'
import { codeOf, fieldOf, isError, messageOf, nameOf, showValue } from '../errors/thrown.ts'
import { isToolError, type ToolError } from '../errors/tool-error.ts'
import { withoutHostPaths } from './host-paths.ts'
import { showPath, type SchemaIssue } from './schema.ts'
import { NotJsonError } from './not-json.ts'
import { toJson } from './to-json.ts'

type FailedAnswer = Extract<ToolAnswer, { ok: false }>

/** Returns the answer to a call that is not started because its execution has ended or was cancelled. */
export function endedExecutionAnswer(tool: string): FailedAnswer {
  return toolFailed('TOOL_CANCELLED', `The tool ${tool} was not called: its execution has ended`)
}

/** Returns the failure of a call whose input or output does not match its schema. */
export function failedCheck(tool: string, direction: 'input' | 'output', issues: readonly SchemaIssue[]): FailedAnswer {
  const shown = issues.slice(0, 5).map(({ path, message }) => `${showPath(path, direction)}: ${message}`)
  const more = issues.length - shown.length
  // The check by a JSON Schema ends at `maxIssues` issues, so there may be more.
  if (more > 0) shown.push(`and ${issues.length === maxIssues ? 'at least ' : ''}${more} more`)
  return toolFailed(
    direction === 'input' ? 'TOOL_INPUT_INVALID' : 'TOOL_OUTPUT_INVALID',
    `The ${direction} of ${tool} is invalid: ${shown.join('; ')}`,
    { issues: issues.slice(0, maxIssues).map(({ path, message }) => ({ path: [...path], message })) },
  )
}

/** Returns the failure of a call whose output is a value that JSON can't hold. */
export function failedOutput(tool: string, error: NotJsonError): FailedAnswer {
  const { path, reason, hint } = error
  return toolFailed('TOOL_OUTPUT_INVALID', `The output of ${tool} cannot be sent: ${error.about('output')}`, {
    issues: [{ path: [...path], message: reason }],
    hint,
  })
}

/** Returns the failure of a call whose input or output could not be checked, because the check itself failed. */
export function failedSchema(tool: string, direction: 'input' | 'output', checkError: unknown): FailedAnswer {
  // A library that recurses, or passes many issues as arguments, has run out of stack.
  const advice = checkError instanceof RangeError ? ': it is too large, or nested too deeply. Send a smaller value' : ''
  const answer = toolFailed(
    direction === 'input' ? 'TOOL_INPUT_INVALID' : 'TOOL_OUTPUT_INVALID',
    `The ${direction} of ${tool} could not be checked: the check by the tool's ${direction}Schema failed${advice}.`,
  )
  handlerErrors.set(answer, { thrown: checkError })
  return answer
}

/**
 * Returns the failure that the guest gets for an error of a handler. A ToolError passes as its author wrote it. In any
 * other error, paths of this host and stack frames are removed from the texts, and causes and inner errors are
 * included.
 */
export function failedByHandler(thrown: unknown): FailedAnswer {
  const answer: FailedAnswer = {
    ok: false,
    error: isToolError(thrown) ? failureOfToolError(thrown) : failureOfThrown(thrown),
  }
  handlerErrors.set(answer, { thrown })
  return answer
}

/** Values that handlers threw, by answer. They stay in this process, and are not part of the answer. */
const handlerErrors = new WeakMap<ToolAnswer, { readonly thrown: unknown }>()

/** Keeps the value that led to an answer, for the events of the client. */
export function keepThrown(answer: ToolAnswer, thrown: unknown): void {
  handlerErrors.set(answer, { thrown })
}

/** Returns the value that a handler threw and that led to an answer; undefined if none did. */
export function handlerErrorOf(answer: ToolAnswer): { readonly thrown: unknown } | undefined {
  return handlerErrors.get(answer)
}

function failureOfToolError(error: ToolError): ToolFailure {
  const code = fieldOf(error, 'code')
  return {
    name: nameOf(error),
    message: messageOf(error) ?? '',
    code: typeof code === 'string' && code !== '' ? code : (codeOf(error) ?? 'TOOL_ERROR'),
    retryable: fieldOf(error, 'retryable') === true,
    ...dataOf(fieldOf(error, 'data')),
  }
}

function failureOfThrown(thrown: unknown): ToolFailure {
  const name = withoutHostPaths(nameOf(thrown)) || 'Error'
  return {
    name,
    message: withoutHostPaths(textOf(thrown)) || `The handler failed with ${name}`,
    code: withoutHostPaths(codeOf(thrown) ?? '') || 'TOOL_ERROR',
    retryable: fieldOf(thrown, 'retryable') === true,
    ...dataOfThrown(thrown),
    ...describeCauses(thrown, { clean: withoutHostPaths }),
  }
}

function textOf(thrown: unknown): string {
  if (isError(thrown)) return summaryOf(thrown)
  return messageOf(thrown) ?? `The handler threw ${showValue(thrown)}`
}

/**
 * Returns the `data` of a thrown value; if it has none, the HTTP status of an error, or all of an object that is no
 * error.
 */
function dataOfThrown(thrown: unknown): Pick<ToolFailure, 'data'> {
  const given = dataOf(fieldOf(thrown, 'data'), withoutHostPaths)
  if (given.data !== undefined || typeof thrown !== 'object' || thrown === null) return given
  const status = fieldOf(thrown, 'status') ?? fieldOf(thrown, 'statusCode')
  if (isError(thrown)) return typeof status === 'number' ? { data: { status } } : {}
  try {
    const data = toJson(thrown)
    return JSON.stringify(data).length > 2 ? { data: mapTexts(data, withoutHostPaths) } : {}
  } catch {
    // The message shows the object as far as it can be shown.
    return {}
  }
}

function dataOf(data: unknown, clean?: (text: string) => string): Pick<ToolFailure, 'data'> {
  if (data === undefined) return {}
  try {
    const json = toJson(data)
    return { data: clean === undefined ? json : mapTexts(json, clean) }
  } catch (error) {
    const where = error instanceof NotJsonError ? showPath(error.path, 'data') : 'data'
    return { data: { notSerializable: `${where}: ${withoutHostPaths(textHead(summaryOf(error), 1_000))}` } }
  }
}

function mapTexts(json: Json, map: (text: string) => string): Json {
  if (typeof json === 'string') return map(json)
  if (Array.isArray(json)) return json.map((item) => mapTexts(item, map))
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [map(key), mapTexts(item, map)]))
}

/**
 * Returns the answer if it fits on the wire; in place of a larger output, a failure that states the sizes; in place of
 * a larger failure, the same without its data and causes.
 */
export function withinLimit(tool: string, answer: ToolAnswer): ToolAnswer {
  const sizeBytes = sizeOf(answer.ok ? answer.output : answer.error)
  const limitBytes = fixedLimits.toolOutputBytes
  if (sizeBytes <= limitBytes) return answer
  if (!answer.ok) return withoutDetails(answer, { sizeBytes, limitBytes })
  return toolOutputTooLarge(tool, sizeBytes)
}

/** Returns a failure without its data and causes, and with its texts cut. */
function withoutDetails(answer: FailedAnswer, data: { sizeBytes: number; limitBytes: number }): FailedAnswer {
  const { name, message, code, retryable } = answer.error
  const small: FailedAnswer = {
    ok: false,
    error: {
      ...(name !== undefined && { name: textHead(name, 256) }),
      message: shortened(message, 65_536),
      ...(code !== undefined && { code: textHead(code, 256) }),
      ...(retryable !== undefined && { retryable }),
      data,
    },
  }
  const thrown = handlerErrors.get(answer)
  if (thrown !== undefined) handlerErrors.set(small, thrown)
  return small
}

function sizeOf(json: unknown): number {
  return Buffer.byteLength(JSON.stringify(json))
}
