import { pathText, textHead, type Problem } from '@codemode/shared/internal'

/** Problem of a parsed value, as the executor reports it. */
export interface ReportedProblem {
  /** Path of the invalid part, such as `tools[0].name`; empty for the value itself. */
  readonly path: string
  readonly message: string
  /** Known name that is nearest to an unknown one. */
  readonly nearest?: string
}

/** Returns a problem with its path as text, and with the value if that is a number that the message does not describe. */
export function reported(problem: Problem): ReportedProblem {
  const path = pathText(problem.path)
  const { message } = problem
  if (problem.kind === 'unknown') {
    const { nearest } = problem
    return { path, message, ...(nearest !== undefined && { nearest }) }
  }
  const isDescribed = problem.given === undefined || message.includes('received')
  return { path, message: isDescribed ? message : `${message}, got ${problem.given}` }
}

/** Returns the first 100 characters of a header's value as a JSON string, for messages. */
export function quotedHead(value: string): string {
  return JSON.stringify(textHead(value, 100))
}

/** Returns a text as a sentence: with a full stop, unless it ends with a question. */
export const asSentence = (text: string): string => (text.endsWith('?') ? text : `${text}.`)

/** Returns at most the first five problems in one line, and the number of the others. */
export function summary(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 5).map((problem) => {
    const { path, message } = reported(problem)
    return path === '' ? message : `${path}: ${message}`
  })
  const more = problems.length - shown.length
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
