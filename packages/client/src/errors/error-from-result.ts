import { clockOptions, type TimeoutLayer } from '@codemode/shared'

import type { ExecutionResult, FailedExecution } from '../execution-result.ts'
import { CancelledError } from './cancelled-error.ts'
import { ExecutionError } from './execution-error.ts'
import type { ExecutorClientError } from './executor-client-error.ts'
import { ExecutorTimeoutError } from './executor-timeout-error.ts'

/** The value of a successful execution; throws what the failed one says. */
export function valueOf<T>(result: ExecutionResult<T>): T {
  if (result.success) return result.result
  throw errorFromResult(result)
}

/** The error that `executeAsync` throws for a failed execution. */
export function errorFromResult(result: FailedExecution): ExecutorClientError {
  const { code, message, retryable, details, name, guestStack } = result.error
  const { executionId, correlationId, logs, toolCalls } = result
  const fields = { executionId, correlationId, retryable, details, attempts: 1 }
  switch (code) {
    case 'CANCELLED':
      return new CancelledError(message, fields)
    case 'EXECUTION_TIMEOUT':
    case 'CPU_TIMEOUT':
      return new ExecutorTimeoutError(code, message, { ...fields, ...clockOf(details, defaultLayers[code]) })
    default:
      return new ExecutionError(code, message, { ...fields, errorName: name, guestStack, logs, toolCalls })
  }
}

const defaultLayers = { EXECUTION_TIMEOUT: 'execution', CPU_TIMEOUT: 'cpu' } as const

/** Reads which clock fired from the details of the executor's error. */
export function clockOf(
  details: Readonly<Record<string, unknown>> | undefined,
  defaultLayer: TimeoutLayer,
): { layer: TimeoutLayer; timeoutMs: number; option: string } {
  const layer = isLayer(details?.['layer']) ? details['layer'] : defaultLayer
  const option = details?.['option']
  return {
    layer,
    timeoutMs: Number(details?.['timeoutMs'] ?? 0),
    option: typeof option === 'string' ? option : clockOptions[layer],
  }
}

function isLayer(value: unknown): value is TimeoutLayer {
  return typeof value === 'string' && Object.hasOwn(clockOptions, value)
}
