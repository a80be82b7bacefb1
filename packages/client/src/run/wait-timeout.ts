import { maxTimerMs } from '@codemode/shared'

import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'

interface Ids {
  readonly executionId: string
  readonly correlationId: string
}

/**
 * Waits for an execution for at most `timeoutMs` milliseconds, or without a limit. The signal that `wait` gets aborts when the
 * time is over; then this rejects with WAIT_TIMEOUT. The execution goes on.
 */
export async function withWaitTimeout<Result>(
  ids: Ids,
  timeoutMs: number | undefined,
  wait: (gaveUp: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const gaveUp = new AbortController()
  if (timeoutMs === undefined) return wait(gaveUp.signal)
  const timedOut = Promise.withResolvers<never>()
  const giveUp = (): void => {
    timedOut.reject(waitTimeout(ids, timeoutMs))
    gaveUp.abort()
  }
  const timer = setTimeout(giveUp, Math.min(timeoutMs, maxTimerMs))
  try {
    return await Promise.race([timedOut.promise, wait(gaveUp.signal)])
  } finally {
    clearTimeout(timer)
  }
}

function waitTimeout(ids: Ids, timeoutMs: number): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'WAIT_TIMEOUT',
    `Execution ${ids.executionId} did not end within timeoutMs (${timeoutMs} ms); it is still under way`,
    {
      ...ids,
      retryable: true,
      layer: 'wait',
      timeoutMs,
      option: 'timeoutMs',
      suggestion: 'Wait for it again, or cancel it.',
    },
  )
}
