import type { Approval, ExecutionRecord } from '@codemode/shared'

import type { Codemode } from '../../codemode.ts'
import { ExecutorTimeoutError } from '../../errors/executor-timeout-error.ts'
import type { Execution } from '../../run/execution.ts'
import { pausedFromWire, type ExecutionResult } from '../../run/execution-result.ts'

interface WaitOptions {
  /** Signal that ends the waiting; the execution goes on. */
  readonly signal: AbortSignal
  /** Milliseconds to wait. */
  readonly waitMs: number
}

/**
 * Serves the tool calls of an execution that the executor keeps, until it has ended or is paused. Resolves with its result, its
 * paused form, or undefined if it is under way after `waitMs`.
 */
export async function waitForExecution(
  codemode: Codemode,
  execution: Execution,
  { signal, waitMs }: WaitOptions,
): Promise<ExecutionResult | undefined> {
  const paused = await pausedResult(execution, await execution.record())
  if (paused !== undefined || execution.result !== undefined) return paused ?? execution.result
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const pause = untilPaused(execution, either)
  const end = codemode.resume(execution.id, { signal: either, timeoutMs: waitMs })
  try {
    return (await Promise.race([end, pause])) ?? (await end)
  } catch (error) {
    if (error instanceof ExecutorTimeoutError && error.code === 'WAIT_TIMEOUT') return undefined
    throw error
  } finally {
    stop.abort()
    await Promise.allSettled([end, pause])
  }
}

/** Resolves with the paused form of the result when the execution is paused, or with undefined when it has ended. */
async function untilPaused(execution: Execution, signal: AbortSignal): Promise<ExecutionResult | undefined> {
  for await (const { type } of execution.events({ signal })) {
    // Events are read from the first one on, so an event may be about a pause that is over.
    const paused = type === 'paused' ? await pausedResult(execution, await execution.record()) : undefined
    if (paused !== undefined) return paused
  }
  return undefined
}

/** Resolves with the paused form of a result if the record is that of a paused execution. */
export async function pausedResult(
  execution: Execution,
  { status, executionId, correlationId }: ExecutionRecord,
): Promise<ExecutionResult | undefined> {
  if (status !== 'paused') return undefined
  const approvals: Approval[] = []
  for await (const approval of execution.approvals({ status: 'pending' })) approvals.push(approval)
  return approvals.length === 0 ? undefined : pausedFromWire({ executionId, correlationId, approvals })
}
