import { callIdOf, timeoutOptions, type TimeoutLayer } from '@codemode/shared'

import type { ExecutionResult, FailedExecution, SucceededExecution } from '../run/execution-result.ts'
import { approvalPending } from './approval-pending-error.ts'
import { CancelledError } from './cancelled-error.ts'
import { causeFor, errorFromCause } from './error-from-cause.ts'
import { ExecutionError } from './execution-error.ts'
import type { ExecutorClientError } from './executor-client-error.ts'
import { ExecutorTimeoutError } from './executor-timeout-error.ts'
import { handlerErrorsOf } from './handler-errors.ts'

/**
 * Returns the value of a successful execution. Throws the error of a failed one, an ApprovalPendingError for a paused one
 * and, if `throwsForWarnings`, the error of one with warnings.
 */
export function valueOf<T>(result: ExecutionResult<T>, throwsForWarnings: boolean): T {
  if (result.status === 'paused') throw approvalPending(result)
  if (!result.success) throw errorFromResult(result)
  // A custom executor may leave the warnings out.
  const { warnings = [] } = result as Partial<SucceededExecution<T>>
  if (throwsForWarnings && warnings.length > 0) throw errorOfWarnings(result)
  return result.result
}

function errorOfWarnings({
  warnings,
  executionId,
  correlationId,
  logs,
  toolCalls,
}: SucceededExecution<unknown>): ExecutionError {
  const lines = warnings.map(
    ({ code, line, message }) => `${code}${line === undefined ? '' : ` in line ${line}`}: ${message}`,
  )
  const message = `The code succeeded with warnings, which are errors here (warningsAsErrors):\n${lines.join('\n')}`
  const fields = { executionId, correlationId, logs, toolCalls, warnings, attempts: 1 }
  return new ExecutionError('GUEST_WARNINGS', message, { ...fields, errorName: 'ExecutionError' })
}

/**
 * Returns the error that `executeAsync` throws for a failed execution. If a failed tool call ended the code and this
 * process served the call, `cause` is the value that the handler threw; otherwise it is the cause of the guest's error.
 */
export function errorFromResult(result: FailedExecution): ExecutorClientError {
  const { code, message, retryable, details, hint, name, guestStack } = result.error
  const { executionId, correlationId, logs, toolCalls, warnings } = result
  const fields = { executionId, correlationId, retryable, details, hint, attempts: 1 }
  switch (code) {
    case 'CANCELLED':
      return new CancelledError(message, fields)
    case 'EXECUTION_TIMEOUT':
    case 'CPU_TIMEOUT':
      return new ExecutorTimeoutError(code, message, { ...fields, ...timeoutFieldsOf(details, defaultLayers[code]) })
    default:
      return new ExecutionError(code, message, {
        ...fields,
        ...causesOf(result),
        errorName: name,
        guestStack,
        logs,
        toolCalls,
        warnings,
      })
  }
}

function causesOf(result: FailedExecution): { cause: unknown; errors: readonly Error[] | undefined } {
  const handlerErrors = handlerErrorsOf(result)
  const handlerErrorOf = (call: number): unknown => handlerErrors.get(callIdOf(result.executionId, call))
  return {
    cause: causeFor(result.error, handlerErrorOf),
    errors: result.error.errors?.map((error) => errorFromCause(error, handlerErrorOf)),
  }
}

const defaultLayers = { EXECUTION_TIMEOUT: 'execution', CPU_TIMEOUT: 'cpu' } as const

/** Returns the timeout that has passed, read from the details of the executor's error. */
export function timeoutFieldsOf(
  details: Readonly<Record<string, unknown>> | undefined,
  defaultLayer: TimeoutLayer,
): { layer: TimeoutLayer; timeoutMs: number; option: string } {
  const layer = isLayer(details?.['layer']) ? details['layer'] : defaultLayer
  const option = details?.['option']
  return {
    layer,
    timeoutMs: Number(details?.['timeoutMs'] ?? 0),
    option: typeof option === 'string' ? option : timeoutOptions[layer],
  }
}

function isLayer(value: unknown): value is TimeoutLayer {
  return typeof value === 'string' && Object.hasOwn(timeoutOptions, value)
}
