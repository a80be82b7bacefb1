import { executionIdSchema, newExecutionId } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'

/**
 * Returns the id if it has the form of one. Throws NOT_FOUND for any other text, as an executor would, and a
 * ConfigurationError for a value that is no text.
 */
export function checkExecutionId(id: unknown): string {
  if (typeof id !== 'string') {
    throw new ConfigurationError(
      `The id of an execution must be a string; the value is of type ${id === null ? 'null' : typeof id}.`,
      `codemode.getExecution('${newExecutionId(0)}')`,
    )
  }
  if (executionIdSchema.safeParse(id).success) return id
  throw new ExecutorClientError(
    'NOT_FOUND',
    `There is no execution ${textHead(id, 64)}: this is no id of an execution`,
    {
      suggestion: 'Pass the field id of an Execution.',
    },
  )
}
