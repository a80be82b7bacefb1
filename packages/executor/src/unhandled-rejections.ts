import { textHead } from '@codemode/shared/internal'
import type { Logger } from 'pino'

/**
 * Returns a listener for unhandled rejections. Each is a bug, which may leave one execution or request unanswered. The
 * listener logs its stack, the ids that it carries and the number of rejections so far. It does not end the process,
 * because that would end all other executions too.
 */
export function unhandledRejectionReporter(logger: Logger): (reason: unknown) => void {
  let count = 0
  return function reportUnhandledRejection(reason) {
    count += 1
    const err = reason instanceof Error ? reason : new Error(`rejected with ${typeof reason}: ${textOf(reason)}`)
    logger.error(
      { err, ...idsOf(reason), unhandledRejections: count },
      'unhandled rejection: a bug in the executor; one execution or request may be unanswered',
    )
  }
}

function idsOf(reason: unknown): Record<string, string> {
  if (typeof reason !== 'object' || reason === null) return {}
  const { executionId, correlationId } = reason as Record<string, unknown>
  return {
    ...(typeof executionId === 'string' && { executionId }),
    ...(typeof correlationId === 'string' && { correlationId }),
  }
}

function textOf(reason: unknown): string {
  try {
    return textHead(String(reason), 1_000)
  } catch {
    return 'a value without a text'
  }
}
