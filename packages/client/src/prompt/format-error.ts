import { CancelledError } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { messageForModel } from './message-for-model.ts'
import { indented } from './result-sections.ts'

/**
 * Returns the text for a model about an error that was thrown instead of a result: code, message, advice and correlation id. A
 * message that may name hosts, files or options of the operator is replaced by a sentence about the code, and that of an error
 * that is not of this package is left out, so log the error itself.
 */
export function formatError(error: unknown): string {
  if (!(error instanceof ExecutorClientError))
    return 'The request to run the code failed because of an unexpected error.'
  const { code, hint, retryable, ambiguous, correlationId } = error
  const lines = [
    `The request to run the code failed with ${code}.`,
    `Error: ${indented(messageForModel(error))}`,
    ...(hint === undefined ? [] : [`Hint: ${indented(hint)}`]),
    ambiguous ? 'The code may have run, with its tool calls.' : undefined,
    retryable ? 'The same code may succeed later.' : 'Sending the same code again does not help.',
    ...(correlationId === undefined ? [] : [`Correlation id: ${correlationId}`]),
  ]
  return lines.filter((line) => line !== undefined).join('\n')
}

/**
 * Runs code for a framework that gives the message of an error to the model. Rejects with the text of `formatError` as the message
 * and the error as the cause; with a CancelledError as it is.
 */
export async function withErrorText(run: () => Promise<string>): Promise<string> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof CancelledError) throw cause
    throw new Error(formatError(cause), { cause })
  }
}
