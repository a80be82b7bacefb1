import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'
import type { EndedExecution } from '../run/execution-result.ts'
import { maxTimerMs } from '@codemode/shared'
import type { AddedStep } from './session-steps.ts'

/**
 * Waits for the end of all of the steps, for at most `timeoutMs` milliseconds. Resolves with their results, in order. Rejects with
 * WAIT_TIMEOUT after that time; the steps go on.
 */
export async function waitForSteps(
  steps: readonly AddedStep[],
  { sessionId, timeoutMs }: { readonly sessionId: string; readonly timeoutMs: number | undefined },
): Promise<EndedExecution[]> {
  const results = Promise.all(steps.map(({ settled }) => settled))
  if (timeoutMs === undefined) return results
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => timedOut.reject(waitTimeout(steps, { sessionId, timeoutMs })),
    Math.min(timeoutMs, maxTimerMs),
  )
  try {
    return await Promise.race([results, timedOut.promise])
  } finally {
    clearTimeout(timer)
  }
}

function waitTimeout(
  steps: readonly AddedStep[],
  { sessionId, timeoutMs }: { readonly sessionId: string; readonly timeoutMs: number },
): ExecutorTimeoutError {
  const pending = steps.filter(({ ended }) => ended === undefined).map(({ run }) => run.plan.request.id)
  return new ExecutorTimeoutError(
    'WAIT_TIMEOUT',
    `${pending.length} of ${steps.length} steps of session ${sessionId} did not end within timeoutMs (${timeoutMs} ms); they are still under way`,
    {
      executionId: pending[0],
      retryable: true,
      layer: 'wait',
      timeoutMs,
      option: 'timeoutMs',
      details: { sessionId, pending },
      suggestion: 'Wait for them again; getTaskStatus(executionId) has the results of the other steps.',
    },
  )
}
