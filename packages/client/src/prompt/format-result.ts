import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ExecutionResult, PausedExecution } from '../run/execution-result.ts'
import { fitSections, type Section } from './fit-sections.ts'
import { callSections, errorSections, indented, logSections, valueSection, warningSections } from './result-sections.ts'

/** Minimum of `maxChars`, in characters: room for the error and a short form of the other sections. */
export const minChars = 1_000

/** Options of `formatResult`. */
export interface FormatResultOptions {
  /** Maximum length of the text in characters; 20,000 by default, 1,000 or more. */
  readonly maxChars?: number | undefined
  /**
   * Sentence that tells the model how it gets the result of a paused execution, such as the tool that it has to call. By
   * default the model is told that the result follows.
   */
  readonly howToResume?: string | undefined
}

/**
 * Returns the text of a result for a model: the value as JSON or the error with its hint, the warnings, the tool calls by
 * outcome, the last console output, and a note about what was cut. A paused execution is a normal result, with what it waits
 * for and how to go on. Never throws for what the code did.
 *
 * @example
 * import { Codemode, formatResult } from '@codemode/client'
 *
 * await using codemode = Codemode.fromEnv()
 * console.log(formatResult(await codemode.run('return [1, 2].map((n) => n * 2)')))
 */
export function formatResult(result: ExecutionResult<unknown>, options: FormatResultOptions = {}): string {
  const { maxChars = 20_000, howToResume = 'The result follows when that has been decided.' } = options
  if (!Number.isInteger(maxChars) || maxChars < minChars) {
    throw new ConfigurationError(
      `maxChars must be a whole number from ${minChars.toLocaleString('en-US')}; it is ${String(maxChars)}.`,
      'formatResult(result, { maxChars: 20_000 })',
    )
  }
  return fitSections(sectionsOf(result, howToResume), maxChars)
}

function sectionsOf(result: ExecutionResult<unknown>, howToResume: string): Section[] {
  if (result.status === 'paused') return pausedSections(result, howToResume)
  // A custom executor may leave lists out.
  const { warnings = [], toolCalls = [], logs = [], logsDropped } = result as Partial<typeof result>
  const ending = result.success
    ? [{ title: `The code completed.${sourceNote(result)}` }, valueSection(result.result)]
    : [{ title: `The code failed with ${result.error.code}.${failureNote(result)}` }, ...errorSections(result)]
  return [
    ...ending,
    ...warningSections(warnings),
    ...callSections(
      toolCalls,
      result.success ? 'Tool calls:' : 'Tool calls before the failure (their effects remain):',
    ),
    ...logSections(logs, logsDropped?.entries ?? 0),
  ]
}

function sourceNote({ source }: ExecutionResult<unknown>): string {
  if (source === 'cache') return ' The value is from a cache: the same code ran a short time ago.'
  return source === 'degraded' ? ' The value is a substitute, because no executor could run the code.' : ''
}

function failureNote({
  error,
  session,
}: Exclude<ExecutionResult<unknown>, { success: true } | PausedExecution>): string {
  const retry = error.retryable ? ' The same code may succeed later.' : ''
  const state = session?.stateKept === false ? ' The session has the state before this step.' : ''
  return retry + state
}

function pausedSections({ executionId, approvals }: PausedExecution, howToResume: string): Section[] {
  const count = approvals.length === 1 ? 'a tool call' : `${approvals.length} tool calls`
  const lines = approvals.map(({ tool, input, reason, expiresAt }) => {
    const why = reason === undefined ? '' : `\n  reason: ${indented(reason)}`
    const expiry = expiresAt === undefined ? '' : `\n  expires at ${expiresAt}`
    return `- ${tool}(${JSON.stringify(input)})${why}${expiry}`
  })
  return [
    { title: `The execution is paused: ${count} must be approved by a person. It has neither failed nor ended.` },
    { title: 'It waits for:', body: lines.join('\n') },
    {
      title:
        `Its id is ${executionId}. Do not run the code again: the calls that it has made would be made a second time. ` +
        `It goes on after the decision. ${howToResume}`,
    },
  ]
}
