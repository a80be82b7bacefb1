/** What the guest is told of a failed call. Nothing here ever holds a stack or a path of the host. */
import { errorCodes, fixedLimits, type ToolAnswer, type ToolErrorCode, type ToolFailure } from '@codemode/shared'

import { ToolError } from '../errors/tool-error.ts'
import { showPath, type SchemaIssue } from './schema.ts'
import { toJson } from './to-json.ts'

type FailedAnswer = Extract<ToolAnswer, { ok: false }>

export function failed(code: ToolErrorCode, message: string, more: Partial<ToolFailure> = {}): FailedAnswer {
  return { ok: false, error: { name: 'ToolError', message, code, retryable: errorCodes[code].retryable, ...more } }
}

/** The input or output does not match its schema. */
export function failedCheck(tool: string, direction: 'input' | 'output', issues: readonly SchemaIssue[]): FailedAnswer {
  const shown = issues.slice(0, 5).map(({ path, message }) => `${showPath(path, direction)}: ${message}`)
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`)
  return failed(
    direction === 'input' ? 'TOOL_INPUT_INVALID' : 'TOOL_OUTPUT_INVALID',
    `The ${direction} of ${tool} is invalid: ${shown.join('; ')}`,
    { data: { issues: issues.slice(0, 100).map(({ path, message }) => ({ path: [...path], message })) } },
  )
}

/** The handler threw. */
export function failedByHandler(error: unknown): FailedAnswer {
  if (!(error instanceof Error)) {
    return failed('TOOL_ERROR', typeof error === 'string' ? withoutHost(error) : 'The tool failed', {
      ...dataOf(error),
    })
  }
  const fields = error as Error & { code?: unknown; data?: unknown; retryable?: unknown }
  return {
    ok: false,
    error: {
      name: error.name,
      message: messageOf(error),
      code: typeof fields.code === 'string' && fields.code !== '' ? fields.code : 'TOOL_ERROR',
      retryable: fields.retryable === true,
      ...dataOf(fields.data),
    },
  }
}

function dataOf(data: unknown): Pick<ToolFailure, 'data'> {
  if (data === undefined) return {}
  try {
    return { data: toJson(data) }
  } catch {
    return {}
  }
}

/** A system error's message names paths and addresses of the host; only what happened is passed on. */
function messageOf(error: Error): string {
  const { syscall, code } = error as NodeJS.ErrnoException
  if (typeof syscall === 'string' && !(error instanceof ToolError)) {
    return `The tool failed with ${code ?? 'a system error'} (${syscall.split(' ')[0]})`
  }
  return withoutHost(error.message)
}

function withoutHost(message: string): string {
  const lines = message.split('\n').filter((line, i) => i === 0 || !/^\s+at /.test(line))
  return lines.join('\n').replaceAll(/[^\s'"()]+/g, withoutPath)
}

/** Replaces the path of a script in a text without blanks: from its first slash to its last extension. */
function withoutPath(text: string): string {
  const slash = text.search(/[\\/]/)
  if (slash < 0) return text
  const ends = [...text.matchAll(/\.[cm]?[jt]sx?(?::\d+)*/g)].filter(({ index }) => index > slash + 1)
  const last = ends.at(-1)
  if (last === undefined) return text
  const start = /(?:file:|[A-Za-z]:)$/.exec(text.slice(Math.max(0, slash - 5), slash))?.[0].length ?? 0
  return `${text.slice(0, slash - start)}<path>${text.slice(last.index + last[0].length)}`
}

/** The answer, or the failure that says it is too large for the wire. */
export function withinLimit(tool: string, answer: ToolAnswer): ToolAnswer {
  const sizeBytes = Buffer.byteLength(JSON.stringify(answer.ok ? answer.output : answer.error))
  const limitBytes = fixedLimits.toolOutputBytes
  if (sizeBytes <= limitBytes) return answer
  return failed(
    'TOOL_OUTPUT_TOO_LARGE',
    `The output of ${tool} has ${sizeBytes} bytes; a tool's output may have ${limitBytes}. Return less, or in pages.`,
    { data: { sizeBytes, limitBytes } },
  )
}
