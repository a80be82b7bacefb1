import { indented } from './result-sections.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'

/**
 * Returns the text for a model about an error that was thrown instead of a result: code, message, advice and correlation id. Of
 * an error that is not of this package it has no message, because that may be confidential.
 */
export function formatError(error: unknown): string {
  if (!(error instanceof ExecutorClientError)) return 'The code was not run, because of an unexpected error.'
  const { code, message, hint, retryable, ambiguous, correlationId } = error
  const lines = [
    `The request to run the code failed with ${code}.`,
    `Error: ${indented(message)}`,
    ...(hint === undefined ? [] : [`Hint: ${indented(hint)}`]),
    ambiguous ? 'The code may have run, with its tool calls.' : undefined,
    retryable ? 'The same code may succeed later.' : 'Sending the same code again does not help.',
    ...(correlationId === undefined ? [] : [`Correlation id: ${correlationId}`]),
  ]
  return lines.filter((line) => line !== undefined).join('\n')
}
