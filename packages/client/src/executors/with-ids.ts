import { newCorrelationId, newExecutionId, type ExecutionRequest } from '@codemode/shared'

import type { RunOptions } from '../executor.ts'
import { withJsonValues } from '../run/request-json.ts'

export interface RunWithIds {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly options: RunOptions & { readonly correlationId: string }
}

/**
 * Returns a run with both of its ids, each generated if not given, so that all wrapped executors use the same ones; and
 * with its values as JSON. Throws a ConfigurationError for a value that JSON can't hold.
 */
export function withIds(request: ExecutionRequest, options: RunOptions): RunWithIds {
  return {
    request: { ...withJsonValues(request), id: request.id ?? newExecutionId() },
    options: { ...options, correlationId: options.correlationId ?? newCorrelationId() },
  }
}
