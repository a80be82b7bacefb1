import type { LogEntry, ToolCallSummary, Warning } from '@codemode/shared'

import type { FailedExecution } from '../run/execution-result.ts'
import type { Section } from './fit-sections.ts'

/** Returns a text of the guest in which no line can be mistaken for a line of the result: all lines but the first are indented. */
export function indented(text: string): string {
  return text.replaceAll(/\r\n|[\n\r\u2028\u2029]/g, '\n  ')
}

const block = (text: string): string => `  ${indented(text)}`

/** Returns the section with the value of the code as JSON. */
export function valueSection(value: unknown): Section {
  const size = Array.isArray(value) ? `It is an array of ${value.length} items. ` : ''
  return {
    title: 'Value:',
    body: JSON.stringify(value) ?? 'null',
    weight: 6,
    advice: `${size}Return less: filter, select fields or count in the code.`,
  }
}

/** Returns the sections about an error: name and message, hint, stack, causes and details. */
export function errorSections({ error }: FailedExecution): Section[] {
  const causes = causesOf(error, 1)
  return [
    { title: 'Error:', body: block(`${error.name}: ${error.message}`), weight: 4 },
    ...(error.hint === undefined ? [] : [{ title: 'Hint:', body: block(error.hint), weight: 2 }]),
    ...(error.guestStack === undefined ? [] : [{ title: 'Stack:', body: block(error.guestStack) }]),
    ...(causes.length === 0 ? [] : [{ title: 'Causes:', body: causes.join('\n'), weight: 2 }]),
    ...(error.details === undefined ? [] : [{ title: 'Details:', body: JSON.stringify(error.details) }]),
  ]
}

/** Error with causes, as a result describes it. */
interface ErrorWithCauses {
  readonly cause?: { readonly name: string; readonly message: string; readonly code?: string | undefined } | undefined
  readonly errors?: readonly NonNullable<ErrorWithCauses['cause']>[] | undefined
}

function causesOf({ cause, errors = [] }: ErrorWithCauses, depth: number): string[] {
  return [...(cause === undefined ? [] : [cause]), ...errors].flatMap((inner) => {
    const code = inner.code === undefined ? '' : ` (${inner.code})`
    const line = `${'  '.repeat(depth - 1)}- ${indented(`${inner.name}: ${inner.message}${code}`)}`
    return [line, ...causesOf(inner as ErrorWithCauses, depth + 1)]
  })
}

/** Returns the section with the warnings; an empty list if there are none. */
export function warningSections(warnings: readonly Warning[]): Section[] {
  const lines = warnings.map(
    ({ code, line, message }) => `- ${code}${line === undefined ? '' : ` in line ${line}`}: ${indented(message)}`,
  )
  return lines.length === 0 ? [] : [{ title: 'Warnings:', body: lines.join('\n'), weight: 2 }]
}

/** Returns the section with the tool calls, counted by tool and outcome; an empty list if there are none. */
export function callSections(calls: readonly ToolCallSummary[], title: string): Section[] {
  const counts = new Map<string, number>()
  for (const { tool, status, errorCode } of calls) {
    const outcome = `${tool}: ${status}${errorCode === undefined ? '' : ` (${indented(errorCode)})`}`
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  const lines = [...counts].map(([outcome, count]) => `- ${outcome}${count === 1 ? '' : ` × ${count}`}`)
  return lines.length === 0 ? [] : [{ title, body: lines.join('\n') }]
}

/** Returns the section with the console output, of which the last part is kept; an empty list if there is none. */
export function logSections(logs: readonly LogEntry[], dropped: number): Section[] {
  if (logs.length === 0) return []
  const lines = logs.map(({ level, text }) => `${level === 'log' ? '- ' : `- ${level}: `}${indented(text)}`)
  const title = `Log (${logs.length} ${logs.length === 1 ? 'entry' : 'entries'}${dropped > 0 ? `, ${dropped} more were dropped` : ''}):`
  return [{ title, body: lines.join('\n'), keep: 'tail', weight: 2 }]
}
