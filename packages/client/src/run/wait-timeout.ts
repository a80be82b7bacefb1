import { maxTimerMs, type ExecutionStatus } from '@codemode/shared'

import { ExecutorTimeoutError } from '../errors/executor-timeout-error.ts'

interface Ids {
  readonly executionId: string
  readonly correlationId: string
}

/** State of an execution that explains why it has not ended, and what to do. */
interface Delay {
  readonly state: string
  readonly suggestion: string
}

/** Returns the delay of an execution that is paused, or whose tool calls wait for a client that resumes it. */
export function delayOf(executionId: string, status: ExecutionStatus, servedBy?: string): Delay | undefined {
  if (status === 'paused') {
    return {
      state: 'it is paused, and waits for an approval',
      suggestion: `Decide about its approvals: codemode.listApprovals({ status: 'pending', executionId: '${executionId}' }) has them.`,
    }
  }
  if (servedBy !== 'resume') return undefined
  return {
    state: `it is ${status}, and its tool calls wait for a client that resumes it`,
    suggestion: `Serve its tool calls with codemode.resume('${executionId}'), which also waits for the result.`,
  }
}

/**
 * Waits for an execution for at most `timeoutMs` milliseconds, or without a limit. The signal that `wait` gets aborts when the
 * time is over; then this rejects with WAIT_TIMEOUT. The execution goes on.
 */
export async function withWaitTimeout<Result>(
  ids: Ids,
  timeoutMs: number | undefined,
  wait: (gaveUp: AbortSignal) => Promise<Result>,
  delay: () => Delay | undefined,
): Promise<Result> {
  const gaveUp = new AbortController()
  if (timeoutMs === undefined) return wait(gaveUp.signal)
  const timedOut = Promise.withResolvers<never>()
  const giveUp = (): void => {
    timedOut.reject(waitTimeout(ids, timeoutMs, delay()))
    gaveUp.abort()
  }
  const timer = setTimeout(giveUp, Math.min(timeoutMs, maxTimerMs))
  try {
    return await Promise.race([timedOut.promise, wait(gaveUp.signal)])
  } finally {
    clearTimeout(timer)
  }
}

function waitTimeout(ids: Ids, timeoutMs: number, delay: Delay | undefined): ExecutorTimeoutError {
  return new ExecutorTimeoutError(
    'WAIT_TIMEOUT',
    `Execution ${ids.executionId} did not end within timeoutMs (${timeoutMs} ms); ${delay?.state ?? 'it is still under way'}`,
    {
      ...ids,
      retryable: true,
      layer: 'wait',
      timeoutMs,
      option: 'timeoutMs',
      suggestion: delay?.suggestion ?? 'Wait for it again, or cancel it.',
    },
  )
}
